"""The way in and out. These names are Django's own, so they stand outside the app's namespace."""

from django.urls import path

from accounts.views import entrance

urlpatterns = [
    path("login/", entrance.Login.as_view(), name="login"),
    path("logout/", entrance.Logout.as_view(), name="logout"),
    path("password/reset/", entrance.PasswordReset.as_view(), name="password_reset"),
    path("password/reset/sent/", entrance.PasswordResetSent.as_view(), name="password_reset_done"),
    path("password/set/<uidb64>/<token>/", entrance.PasswordSet.as_view(), name="password_set"),
    path("language/", entrance.set_language, name="set_language"),
]
