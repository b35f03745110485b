"""What people do to a handoff, from the queue and from the lead's page: one view for all acts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from handoffs.forms import AssignForm, AttemptForm, QualifyForm, ReasonForm, SnoozeForm
from handoffs.models import Deadline, Handoff
from handoffs.rules import next_step
from handoffs.selectors.pools import workers_with_load
from handoffs.services import (
    Refused,
    accept_handoff,
    assign_handoff,
    disqualify_handoff,
    log_attempt,
    qualify_handoff,
    reject_handoff,
    return_handoff,
    snooze_handoff,
    wake_handoff,
)
from handoffs.terms import terms_of
from handoffs.views.act_page import ActPage, Undo, Values, data_of, form_of, perform, plain_form
from handoffs.views.answers import done, not_done

HandoffAct = ActPage[Handoff]


def _attempt_form(handoff: Handoff, request: PortalRequest) -> forms.Form:
    """The channel of the cadence's next step is chosen already, or the one that was asked for."""
    step = next_step(terms_of(handoff.version_id).steps_of(handoff.trigger_key), handoff.attempts_made)
    channel = request.GET.get("channel") or (step.channel if step else "")
    return AttemptForm(data_of(request), initial={"channel": channel, "key": f"page-{uuid4()}"})


def _reason_form(act: str) -> Callable[[Handoff, PortalRequest], forms.Form]:
    def make(handoff: Handoff, request: PortalRequest) -> forms.Form:
        return ReasonForm(data_of(request), reasons=terms_of(handoff.version_id).reasons_for(act))

    return make


def _qualify_form(handoff: Handoff, request: PortalRequest) -> forms.Form:
    return QualifyForm(data_of(request), initial={"value": handoff.lead.value})


def _snooze_form(handoff: Handoff, request: PortalRequest) -> forms.Form:
    clocks = Deadline.objects.pressing().filter(handoff=handoff).order_by("due_at")
    latest = clocks.values_list("due_at", flat=True).first()
    return SnoozeForm(data_of(request), now=timezone.now(), tz=timezone.get_current_timezone(), latest=latest)


def _assign_form(handoff: Handoff, request: PortalRequest) -> forms.Form:
    return AssignForm(data_of(request), people=workers_with_load())


def _assign(handoff: Handoff, values: Values, now: datetime, actor: User) -> object:
    return assign_handoff(handoff_id=handoff.pk, to_user_id=values["to"].pk, now=now, actor=actor)


def _accept(handoff: Handoff, values: Values, now: datetime, actor: User) -> object:
    return accept_handoff(handoff_id=handoff.pk, now=now, actor=actor)


def _log(handoff: Handoff, values: Values, now: datetime, actor: User) -> object:
    return log_attempt(
        handoff_id=handoff.pk,
        channel=values["channel"],
        outcome=values["outcome"],
        note=values["note"],
        at=values["at"],
        key=values["key"] or None,
        now=now,
        actor=actor,
    )


def _with_reason(service: Callable[..., object]) -> Callable[[Handoff, Values, datetime, User], object]:
    def do(handoff: Handoff, values: Values, now: datetime, actor: User) -> object:
        return service(
            handoff_id=handoff.pk, reason_key=values["reason_key"], note=values["note"], now=now, actor=actor
        )

    return do


def _qualify(handoff: Handoff, values: Values, now: datetime, actor: User) -> object:
    return qualify_handoff(
        handoff_id=handoff.pk, note=values["note"], value=values["value"], now=now, actor=actor
    )


def _snooze(handoff: Handoff, values: Values, now: datetime, actor: User) -> object:
    return snooze_handoff(handoff_id=handoff.pk, until=values["until"], now=now, actor=actor)


def _undo_snooze(handoff: Handoff) -> Undo:
    return {"url": reverse("handoffs:wake", args=[handoff.pk]), "label": _now("Undo")}


ACTS: dict[str, HandoffAct] = {
    "assign": ActPage(_("Find an owner"), _("Assign"), _("has an owner."), _assign_form, _assign),
    "accept": ActPage(_("Accept"), _("Accept"), _("accepted."), plain_form, _accept),
    "attempt": ActPage(_("Log an attempt"), _("Log"), _("attempt logged."), _attempt_form, _log),
    "reject": ActPage(
        _("Reject"),
        _("Reject"),
        _("rejected; marketing has the lead again."),
        _reason_form("reject"),
        _with_reason(reject_handoff),
        danger=True,
    ),
    "return": ActPage(
        _("Return to marketing"),
        _("Return"),
        _("returned to marketing."),
        _reason_form("return"),
        _with_reason(return_handoff),
        danger=True,
    ),
    "disqualify": ActPage(
        _("Disqualify"),
        _("Disqualify"),
        _("disqualified."),
        _reason_form("disqualify"),
        _with_reason(disqualify_handoff),
        danger=True,
    ),
    "qualify": ActPage(_("Qualify as SQL"), _("Qualify"), _("qualified as SQL."), _qualify_form, _qualify),
    "snooze": ActPage(_("Snooze"), _("Snooze"), _("snoozed."), _snooze_form, _snooze, undo=_undo_snooze),
}


def opened_form(request: PortalRequest, handoff: Handoff, name: str) -> dict[str, Any]:
    """The act's form as a part of another answer; nothing where there is no such act."""
    page = ACTS.get(name)
    if page is None:
        return {}
    address = reverse("handoffs:act", args=[handoff.pk, name])
    back = reverse("leads:detail", args=[handoff.lead_id])
    form = page.form(handoff, request)
    return form_of(request, page, form, handoff, lead=handoff.lead, address=address, back=back, name=name)


@requires(Capability.WORK_HANDOFFS)
def act(request: PortalRequest, pk: int, name: str) -> HttpResponse:
    """Any act on a handoff, by its name."""
    page = ACTS.get(name)
    if page is None:
        raise Http404
    handoff = get_object_or_404(Handoff.objects.select_related("lead", "owner"), pk=pk)
    back = reverse("leads:detail", args=[handoff.lead_id])
    return perform(request, page, handoff, lead=handoff.lead, back=back, name=name)


@require_POST
@requires(Capability.WORK_HANDOFFS)
def wake(request: PortalRequest, pk: int) -> HttpResponse:
    """Undo a snooze."""
    handoff = get_object_or_404(Handoff.objects.select_related("lead"), pk=pk)
    back = reverse("handoffs:queue")
    try:
        wake_handoff(handoff_id=pk, now=timezone.now(), actor=request.user)
    except Refused as refusal:
        return not_done(request, refusal.message, back=back)
    return done(request, _now("%(lead)s: back in the queue.") % {"lead": handoff.lead}, back=back)
