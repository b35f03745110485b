"""Logging in and out, forgetting a password, setting the first one."""

from django.conf import settings
from django.contrib.auth import views as auth
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse_lazy
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as set_language_cookie

from accounts.forms import LoginForm, ResetForm
from accounts.models import User
from accounts.services import update_profile


class Login(auth.LoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


class Logout(auth.LogoutView):
    """By POST; then back to the log-in page."""


class PasswordReset(auth.PasswordResetView):
    template_name = "accounts/password_reset.html"
    form_class = ResetForm
    email_template_name = "accounts/password_reset_email.txt"
    subject_template_name = "accounts/password_reset_subject.txt"


class PasswordResetSent(auth.PasswordResetDoneView):
    template_name = "accounts/password_reset_sent.html"


class PasswordSet(auth.PasswordResetConfirmView):
    """Where a link from an e-mail or an administrator leads; it logs in whoever sets a password there."""

    template_name = "accounts/password_set.html"
    post_reset_login = True
    post_reset_login_backend = "django.contrib.auth.backends.ModelBackend"
    success_url = reverse_lazy("start")

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None


@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Keep the language with the person, and in a cookie for the pages before logging in."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        user = request.user
        update_profile(user=user, name=user.name, time_zone=user.time_zone, language=language)
    return set_language_cookie(request)
