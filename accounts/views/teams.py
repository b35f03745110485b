"""Settings: teams, their side and their manager."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import selectors, services
from accounts.forms import TeamForm
from accounts.models import Team
from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability


@requires(Capability.ADMINISTER)
def teams_list(request: PortalRequest) -> HttpResponse:
    return render(request, "accounts/teams.html", {"teams": selectors.teams()})


@requires(Capability.ADMINISTER)
def create(request: PortalRequest) -> HttpResponse:
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team = services.create_team(**form.cleaned_data, now=timezone.now(), actor=request.user)
        except services.TeamNameTaken as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, _("Created the team %(name)s.") % {"name": team})
            return redirect("accounts:teams")
    return render(request, "accounts/team.html", {"form": form})


@requires(Capability.ADMINISTER)
def edit(request: PortalRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk)
    known = {"name": team.name, "side": team.side, "manager": team.manager_id}
    form = TeamForm(request.POST or None, team=team, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_team(team=team, **form.cleaned_data, now=timezone.now(), actor=request.user)
        except services.TeamNameTaken as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, _("Saved the team %(name)s.") % {"name": team})
            return redirect("accounts:teams")
    context = {"form": form, "team": get_object_or_404(Team, pk=pk), "members": selectors.people(team_id=pk)}
    return render(request, "accounts/team.html", context)


@requires(Capability.ADMINISTER)
@require_POST
def delete(request: PortalRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk)
    try:
        services.delete_team(team=team, now=timezone.now(), actor=request.user)
    except services.TeamInUse as refusal:
        messages.error(request, str(refusal))
        return redirect("accounts:team", pk)
    messages.success(request, _("Deleted the team %(name)s.") % {"name": team})
    return redirect("accounts:teams")
