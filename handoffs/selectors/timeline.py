"""What happened to a lead in the hands of sales, line by line."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.roles import Side
from handoffs.models import (
    Attempt,
    Breach,
    Channel,
    Deadline,
    DeadlineOutcome,
    EventKind,
    HandoffEvent,
    HeldBack,
    Waiver,
)
from handoffs.selectors.information import say_field
from handoffs.terms import terms_of
from leads.conditions import words
from leads.extensions import Fact
from leads.selectors.timeline import in_words

NEWEST = 500
Names = Mapping[int, str]
"""User id → name."""

ICONS = {
    EventKind.CREATED: "switch-horizontal",
    EventKind.ASSIGNED: "user",
    EventKind.UNASSIGNED: "hourglass",
    EventKind.ACCEPTED: "check",
    EventKind.REMINDED: "bell",
    EventKind.ESCALATED: "alert-triangle",
    EventKind.REASSIGNED: "switch-horizontal",
    EventKind.SNOOZED: "player-pause",
    EventKind.QUALIFIED: "check",
    EventKind.DISQUALIFIED: "ban",
    EventKind.RETURNED: "arrow-back-up",
    EventKind.REJECTED: "arrow-back-up",
    EventKind.DISPUTED: "alert-triangle",
    EventKind.RULED: "check",
    EventKind.CONVERTED: "inbox",
}
CHANNEL_ICONS = {
    Channel.PHONE: "phone",
    Channel.EMAIL: "mail",
    Channel.VIDEO: "video",
    Channel.SOCIAL: "message",
    Channel.MEETING: "calendar-event",
}


def handoff_facts(lead_id: int) -> Sequence[Fact]:
    """Events, attempts, clocks that were met, breaches and waivers of a lead's handoffs, and conversions that
    the agreement held back, the newest first.

    A fixed number of queries; registered in `leads.extensions.timeline_sources`.
    """
    sources = (_events, _attempts, _met, _breaches, _waivers, _held_back)
    facts = chain.from_iterable(source(lead_id) for source in sources)
    return sorted(facts, key=attrgetter("at"), reverse=True)[:NEWEST]


# --- Events -------------------------------------------------------------------------------------------------

Say = Callable[[HandoffEvent, Names], str]


def _to(title: str | Promise, nobody: str | Promise) -> Say:
    """Says who the event’s `to` is."""
    return lambda event, names: (
        str(title) % {"person": names[event.data["to"]]} if event.data.get("to") in names else str(nobody)
    )


SAYINGS: dict[str, Say] = {
    EventKind.ASSIGNED: _to(gettext_lazy("Assigned to %(person)s"), gettext_lazy("Assigned")),
    EventKind.REASSIGNED: _to(
        gettext_lazy("Reassigned to %(person)s"), gettext_lazy("Taken back: waits for an owner")
    ),
    EventKind.REMINDED: _to(gettext_lazy("%(person)s was reminded"), gettext_lazy("Reminded")),
    EventKind.SNOOZED: lambda event, names: (
        _("Snoozed") if event.data.get("until") else _("Back in the queue")
    ),
    EventKind.ESCALATED: _to(gettext_lazy("Escalated to %(person)s"), gettext_lazy("Escalated")),
}


def _events(lead_id: int) -> Iterable[Fact]:
    events = list(
        HandoffEvent.objects.filter(handoff__lead=lead_id)
        .select_related("actor", "handoff")
        .order_by("-at", "-pk")[:NEWEST]
    )
    names = _names(events)
    for event in events:
        say = SAYINGS.get(event.kind)
        yield Fact(
            at=event.at,
            kind="handoff",
            title=say(event, names) if say else str(event.get_kind_display()),
            detail=_detail(event, names),
            icon=ICONS[EventKind(event.kind)],
            side=_side(event.actor),
            actor=str(event.actor or ""),
            version_id=event.version_id,
            clause_key=event.clause_key,
            data={"handoff": event.handoff_id, **event.data},
        )


def _names(events: Sequence[HandoffEvent]) -> Names:
    ids = {event.data.get(role) for event in events for role in ("to", "left", "manager")} - {None}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=ids)} if ids else {}


def _detail(event: HandoffEvent, names: Names) -> str:
    """What a person added, or what the lead lacked when it was handed over."""
    if event.kind == EventKind.CREATED:
        missing = ", ".join(map(say_field, event.handoff.missing))
        return " ".join(
            part for part in (event.handoff.note, _("Missing: %s.") % missing if missing else "") if part
        )
    if event.kind in (EventKind.RETURNED, EventKind.REJECTED, EventKind.DISQUALIFIED):
        reason = terms_of(event.version_id).reasons.get(event.clause_key)
        return ": ".join(
            part for part in (reason.title if reason else "", event.data.get("note", "")) if part
        )
    if event.kind == EventKind.CONVERTED:
        return str(event.data.get("activity_type", "")).replace("_", " ")
    if "left" in event.data:
        return _left(event, names)
    return str(event.data.get("note", ""))


def _left(event: HandoffEvent, names: Names) -> str:
    """Why it moved: somebody left, and where it waits, who finds an owner now."""
    words = {"person": names.get(event.data["left"], ""), "manager": names.get(event.data.get("manager"), "")}
    if words["manager"]:
        return _("%(person)s leads the pool no more; %(manager)s finds an owner") % words
    return _("%(person)s works handoffs no more") % words


# --- Work and clocks ----------------------------------------------------------------------------------------


def _attempts(lead_id: int) -> Iterable[Fact]:
    attempts = Attempt.objects.filter(handoff__lead=lead_id).select_related("user").order_by("-at")
    for attempt in attempts[:NEWEST]:
        yield Fact(
            at=attempt.at,
            kind="attempt",
            title=_("Attempt %(number)s by %(channel)s: %(outcome)s")
            % {
                "number": attempt.number,
                "channel": attempt.get_channel_display().lower(),
                "outcome": attempt.get_outcome_display().lower(),
            },
            detail=attempt.note,
            icon=CHANNEL_ICONS[Channel(attempt.channel)],
            side=Side.SALES,
            actor=str(attempt.user),
            data={"handoff": attempt.handoff_id, "number": attempt.number},
        )


def _met(lead_id: int) -> Iterable[Fact]:
    met = (DeadlineOutcome.MET, DeadlineOutcome.MET_LATE)
    deadlines = Deadline.objects.filter(handoff__lead=lead_id, outcome__in=met).select_related("owner")
    for deadline in deadlines.order_by("-ended_at")[:NEWEST]:
        if deadline.ended_at:
            yield Fact(
                at=deadline.ended_at,
                kind="deadline",
                title=f"{deadline.get_kind_display()}: {deadline.get_outcome_display().lower()}",
                detail=_("Due %s") % _said(deadline.due_at),
                icon="check",
                side=Side.SALES,
                actor=str(deadline.owner),
                version_id=deadline.version_id,
                clause_key=deadline.clause_key,
                data=_of_deadline(deadline),
            )


def _breaches(lead_id: int) -> Iterable[Fact]:
    breaches = Breach.objects.filter(handoff__lead=lead_id).select_related("owner")
    for breach in breaches.order_by("-due_at")[:NEWEST]:
        yield Fact(
            at=breach.recorded_at,
            kind="breach",
            title=_("%s: missed") % breach.get_kind_display(),
            detail=_("Due %s") % _said(breach.due_at),
            icon="alert-triangle",
            side=Side.SALES,
            actor=str(breach.owner),
            version_id=breach.version_id,
            clause_key=breach.clause_key,
            data={"handoff": breach.handoff_id, "deadline": breach.deadline_id},
        )


def _waivers(lead_id: int) -> Iterable[Fact]:
    waivers = Waiver.objects.filter(breach__handoff__lead=lead_id).select_related("user", "breach")
    for waiver in waivers.order_by("-at")[:NEWEST]:
        yield Fact(
            at=waiver.at,
            kind="breach",
            title=_("%s: breach waived") % waiver.breach.get_kind_display(),
            detail=waiver.reason,
            icon="ban",
            side=_side(waiver.user),
            actor=str(waiver.user),
            version_id=waiver.breach.version_id,
            clause_key=waiver.breach.clause_key,
            data={"handoff": waiver.breach.handoff_id, "deadline": waiver.breach.deadline_id},
        )


def _held_back(lead_id: int) -> Iterable[Fact]:
    for held in HeldBack.objects.filter(lead=lead_id).order_by("-at")[:NEWEST]:
        yield Fact(
            at=held.at,
            kind="handoff",
            title=_("%(activity)s: not handed over") % {"activity": in_words(held.activity_type)},
            detail=words(held.conditions),
            icon="ban",
            version_id=held.version_id,
            clause_key=held.clause_key,
            data={"activity": held.activity_id},
        )


def _of_deadline(deadline: Deadline) -> dict[str, Any]:
    return {"handoff": deadline.handoff_id, "deadline": deadline.pk, "step": deadline.step}


def _side(user: User | None) -> str:
    return str((user and user.side) or "")


def _said(at: Any) -> str:
    return date_format(timezone.localtime(at), "j M H:i")
