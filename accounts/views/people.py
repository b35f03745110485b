"""Settings: who logs in, with which role, in which team."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import selectors, services
from accounts.extensions import what_follows
from accounts.forms import NewPersonForm, PersonForm
from accounts.models import Team, User
from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability, Role
from accounts.rules import time_zones, whole_number

PAGE_SIZE = 50
INVITED = "invited"
"""Session key: the person whose link is shown on the next page, once. The link itself is stored nowhere."""


@requires(Capability.ADMINISTER)
def people_list(request: PortalRequest) -> HttpResponse:
    text, role = request.GET.get("q", "").strip(), request.GET.get("role", "")
    team_id, active = whole_number(request.GET.get("team")), request.GET.get("state") != "inactive"
    found = selectors.people(text=text, role=role, team_id=team_id, active=active)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    count = page.paginator.count
    context = {
        "page": page,
        "count": ngettext("%(count)d person", "%(count)d people", count) % {"count": count},
        "chips": _chips(text, role, team_id, active),
        "roles": Role.choices,
        "teams": Team.objects.all(),
        "asked": {"q": text, "role": role, "team": team_id, "active": active},
        "now": timezone.now(),
    }
    return render(request, "accounts/people.html", context)


@requires(Capability.ADMINISTER)
def create(request: PortalRequest) -> HttpResponse:
    form = NewPersonForm(request.POST or None, initial={"time_zone": request.user.time_zone})
    if request.method == "POST" and form.is_valid():
        try:
            user = services.create_user(
                **form.cleaned_data, language=request.user.language, now=timezone.now(), actor=request.user
            )
        except services.EmailTaken as refusal:
            form.add_error("email", str(refusal))
        else:
            request.session[INVITED] = user.pk
            return redirect("accounts:person", user.pk)
    return render(request, "accounts/person_new.html", {"form": form, "time_zones": time_zones()})


@requires(Capability.ADMINISTER)
@never_cache
def edit(request: PortalRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User.objects.select_related("team"), pk=pk)
    known = {"name": person.name, "email": person.email, "role": person.role, "team": person.team}
    form = PersonForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid() and _saved(request, person, form):
        return redirect("accounts:person", pk)
    return render(request, "accounts/person.html", _person_context(request, pk, form))


@requires(Capability.ADMINISTER)
@require_POST
def deactivate(request: PortalRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    try:
        services.deactivate_user(user=person, now=timezone.now(), actor=request.user)
    except services.LastAdmin as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(name)s may not log in any more.") % {"name": person})
    return redirect("accounts:person", pk)


@requires(Capability.ADMINISTER)
@require_POST
def reactivate(request: PortalRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    services.reactivate_user(user=person, now=timezone.now(), actor=request.user)
    messages.success(request, _("%(name)s may log in again.") % {"name": person})
    return redirect("accounts:person", pk)


@requires(Capability.ADMINISTER)
@require_POST
def new_password_link(request: PortalRequest, pk: int) -> HttpResponse:
    """Show a link to set a password, on the page this leads to and nowhere else."""
    request.session[INVITED] = get_object_or_404(User.objects.active(), pk=pk).pk
    return redirect("accounts:person", pk)


def _saved(request: PortalRequest, person: User, form: PersonForm) -> bool:
    try:
        services.update_user(user=person, **form.cleaned_data, now=timezone.now(), actor=request.user)
    except services.EmailTaken as refusal:
        form.add_error("email", str(refusal))
        return False
    except services.LastAdmin as refusal:
        form.add_error("role", str(refusal))
        return False
    messages.success(request, _("Saved %(name)s.") % {"name": person})
    return True


def _person_context(request: PortalRequest, pk: int, form: PersonForm) -> dict[str, object]:
    person = get_object_or_404(User, pk=pk)
    now = timezone.now()
    invited = request.session.get(INVITED) == pk
    if invited:
        del request.session[INVITED]
    return {
        "person": person,
        "form": form,
        "tokens": selectors.tokens(now=now).filter(user=person),
        "link": request.build_absolute_uri(services.password_link(person)) if invited else "",
        "follows": what_follows(person) if person.is_active else "",
        "now": now,
    }


def _chips(text: str, role: str, team_id: int | None, active: bool) -> list[dict[str, str]]:
    team = Team.objects.filter(pk=team_id).first() if team_id is not None else None
    chips = [
        (_("Name or e-mail"), text, "q"),
        (_("Role"), str(dict(Role.choices).get(role, role)), "role"),
        (_("Team"), team.name if team else "", "team"),
        (_("State"), "" if active else _("may not log in"), "state"),
    ]
    return [{"label": label, "value": value, "param": param} for label, value, param in chips if value]
