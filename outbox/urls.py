"""Notices: the page of them and the bell on every page. E-mails: what goes out, for administrators."""

from django.urls import path

from outbox.views import mails, notices

app_name = "outbox"
urlpatterns = [
    path("notices/", notices.notices_list, name="notices"),
    path("notices/bell/", notices.bell, name="bell"),
    path("notices/read/", notices.read_all, name="read_all"),
    path("notices/<int:pk>/", notices.open_notice, name="open"),
    path("notices/<int:pk>/read/", notices.read, name="read"),
    path("notices/<int:pk>/unread/", notices.unread, name="unread"),
    path("settings/messages/", mails.mails, name="mails"),
    path("settings/messages/trial/", mails.trial, name="mail_trial"),
    path("settings/messages/server/", mails.try_server, name="mail_server_retry"),
    path("settings/messages/stuck/", mails.try_stuck, name="mails_retry"),
    path("settings/messages/<int:pk>/", mails.mail, name="mail"),
    path("settings/messages/<int:pk>/html/", mails.html, name="mail_html"),
    path("settings/messages/<int:pk>/retry/", mails.retry, name="mail_retry"),
    path("settings/messages/<int:pk>/give-up/", mails.give_up, name="mail_give_up"),
]
