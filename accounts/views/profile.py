"""Settings: one's own name, time zone, language, password and sessions."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import services
from accounts.forms import ProfileForm
from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from accounts.rules import time_zones


@requires(Capability.READ)
def edit(request: PortalRequest) -> HttpResponse:
    person = request.user
    known = {
        "name": person.name,
        "time_zone": person.time_zone,
        "language": person.language,
        "urgent_by_email": person.urgent_by_email,
    }
    form = ProfileForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        services.update_profile(user=person, **form.cleaned_data)
        with translation.override(person.language):
            messages.success(request, _("Saved. Times are shown in %(zone)s.") % {"zone": person.time_zone})
        return redirect("accounts:profile")
    context = {"form": form, "time_zones": time_zones(), "now": timezone.now()}
    return render(request, "accounts/profile.html", context)


@requires(Capability.READ)
def change_password(request: PortalRequest) -> HttpResponse:
    """Ends every other session of the person, as the sessions depend on the password."""
    form = PasswordChangeForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        update_session_auth_hash(request, request.user)
        messages.success(request, _("Your password is changed. Elsewhere you are logged out."))
        return redirect("accounts:profile")
    return render(request, "accounts/password.html", {"form": form})


@requires(Capability.READ)
@require_POST
def end_other_sessions(request: PortalRequest) -> HttpResponse:
    services.end_sessions(user=request.user, now=timezone.now())
    update_session_auth_hash(request, request.user)
    messages.success(request, _("You are logged out everywhere else."))
    return redirect("accounts:profile")
