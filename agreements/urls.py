from django.urls import path

from agreements import views

app_name = "agreements"
urlpatterns = [
    path("agreement/", views.active, name="active"),
    path("agreement/<slug:slug>/v<int:number>/", views.version, name="version"),
]
