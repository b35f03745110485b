"""Notices: the page of them and the bell on every page."""

from django.urls import path

from outbox import views

app_name = "outbox"
urlpatterns = [
    path("notices/", views.notices_list, name="notices"),
    path("notices/bell/", views.bell, name="bell"),
    path("notices/read/", views.read_all, name="read_all"),
    path("notices/<int:pk>/", views.open_notice, name="open"),
    path("notices/<int:pk>/read/", views.read, name="read"),
    path("notices/<int:pk>/unread/", views.unread, name="unread"),
]
