"""Settings: who shares incoming handoffs, and who is away."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from handoffs.forms import MemberForm, PoolForm, TimeOffForm
from handoffs.models import Pool, PoolMember, TimeOff
from handoffs.selectors.pools import coming_time_off, managers, pools_with_members, workers
from handoffs.services import (
    Refused,
    add_time_off,
    create_pool,
    remove_member,
    remove_time_off,
    set_member,
    update_pool,
)
from handoffs.views.act_page import data_of

NEW_MEMBER = {"weight": 1, "capacity": 30, "is_active": True}


@requires(Capability.MANAGE_HANDOFFS)
def pools(request: PortalRequest) -> HttpResponse:
    """Every pool with its members, and the time off to come."""
    now = timezone.now()
    context = {"pools": pools_with_members(now=now), "times_off": coming_time_off(now=now), "now": now}
    return render(request, "handoffs/pools.html", context)


@requires(Capability.MANAGE_HANDOFFS)
def create(request: PortalRequest) -> HttpResponse:
    form = PoolForm(data_of(request), managers=managers())

    def save(values: dict[str, Any]) -> str:
        made = create_pool(**_pool_values(values), now=timezone.now(), actor=request.user)
        return _("Added the pool %(name)s. Triggers name it “%(slug)s”.") % {
            "name": made,
            "slug": made.slug,
        }

    return _asked(request, form, save, title=_("Add a pool"), button=_("Add the pool"))


@requires(Capability.MANAGE_HANDOFFS)
def pool(request: PortalRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(Pool, pk=pk)
    initial = {"name": known.name, "manager": known.manager_id, "calendar": known.calendar_id}
    form = PoolForm(data_of(request), managers=managers(), initial=initial)

    def save(values: dict[str, Any]) -> str:
        update_pool(pool_id=pk, **_pool_values(values), now=timezone.now(), actor=request.user)
        return _("Saved the pool %(name)s.") % {"name": values["name"]}

    return _asked(request, form, save, title=known.name, button=_("Save"))


@requires(Capability.MANAGE_HANDOFFS)
def member_new(request: PortalRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(Pool, pk=pk)
    people = workers().exclude(pool_memberships__pool=known)
    form = MemberForm(data_of(request), people=people, initial=NEW_MEMBER)

    def save(values: dict[str, Any]) -> str:
        person = values.pop("user")
        _set(request, known, person.pk, values)
        return _("%(person)s is in the pool %(pool)s.") % {"person": person, "pool": known}

    return _asked(request, form, save, title=_("Add somebody to %(pool)s") % {"pool": known}, button=_("Add"))


@requires(Capability.MANAGE_HANDOFFS)
def member(request: PortalRequest, pk: int, user_pk: int) -> HttpResponse:
    known = get_object_or_404(PoolMember.objects.select_related("user", "pool"), pool=pk, user=user_pk)
    initial = {
        "weight": known.weight,
        "capacity": known.capacity,
        "calendar": known.calendar_id,
        "is_active": known.is_active,
    }
    form = MemberForm(data_of(request), initial=initial)

    def save(values: dict[str, Any]) -> str:
        _set(request, known.pool, user_pk, values)
        return _("Saved the share of %(person)s.") % {"person": known.user}

    return _asked(request, form, save, title=str(known), button=_("Save"))


@require_POST
@requires(Capability.MANAGE_HANDOFFS)
def member_remove(request: PortalRequest, pk: int, user_pk: int) -> HttpResponse:
    remove_member(pool_id=pk, user_id=user_pk, now=timezone.now(), actor=request.user)
    messages.success(request, _("Taken out of the pool. The handoffs in hand stay."))
    return redirect("handoffs:pools")


@requires(Capability.MANAGE_HANDOFFS)
def time_off(request: PortalRequest) -> HttpResponse:
    form = TimeOffForm(data_of(request), people=workers())

    def save(values: dict[str, Any]) -> str:
        person = values.pop("user")
        add_time_off(user_id=person.pk, **values, now=timezone.now(), actor=request.user)
        return _("No handoffs go to %(person)s by turn while away.") % {"person": person}

    return _asked(request, form, save, title=_("Add time off"), button=_("Add"))


@require_POST
@requires(Capability.MANAGE_HANDOFFS)
def time_off_remove(request: PortalRequest, pk: int) -> HttpResponse:
    away = get_object_or_404(TimeOff.objects.select_related("user"), pk=pk)
    remove_time_off(time_off_id=pk, now=timezone.now(), actor=request.user)
    messages.success(request, _("Time off of %(person)s removed.") % {"person": away.user})
    return redirect("handoffs:pools")


def _set(request: PortalRequest, known: Pool, user_id: int, values: dict[str, Any]) -> None:
    calendar = values.pop("calendar")
    set_member(
        pool_id=known.pk,
        user_id=user_id,
        calendar_id=calendar.pk if calendar else None,
        now=timezone.now(),
        actor=request.user,
        **values,
    )


def _pool_values(values: dict[str, Any]) -> dict[str, Any]:
    calendar = values["calendar"]
    return {
        "name": values["name"],
        "manager_id": values["manager"].pk,
        "calendar_id": calendar.pk if calendar else None,
    }


def _asked(
    request: PortalRequest,
    form: forms.Form,
    save: Callable[[dict[str, Any]], str],
    *,
    title: str,
    button: str,
) -> HttpResponse:
    """A form on its own page: saved it goes back to the pools and says so, refused it says why."""
    if request.method == "POST" and form.is_valid():
        try:
            words = save(dict(form.cleaned_data))
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, words)
            return redirect("handoffs:pools")
    return render(request, "handoffs/pool_form.html", {"form": form, "title": title, "button": button})
