"""A handoff in brief, as the queue's right pane and the lead's page show it."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.utils.formats import number_format

from agreements.selectors import ClauseRef, cite
from handoffs.models import Attempt, Deadline, Handoff
from handoffs.rules import clock_state
from handoffs.selectors.information import read_field, say_field
from handoffs.terms import terms_of
from leads.models import Activity, Lead
from leads.selectors.timeline import in_words

LATEST = 5


@dataclass(frozen=True)
class Clock:
    """A deadline as a chip shows it, and the clause it follows."""

    deadline: Deadline
    state: str
    clause: ClauseRef | None


@dataclass(frozen=True)
class Told:
    """One thing that marketing must tell; `value` is None where the lead lacks it."""

    label: str
    value: Any


@dataclass(frozen=True)
class Brief:
    cause: ClauseRef | None
    told: list[Told]
    clocks: list[Clock]
    attempts: list[Attempt]
    activities: list[Activity]


def brief_of(handoff: Handoff, *, now: datetime, tz: tzinfo) -> Brief:
    """Why it was handed over, what was told, its open clocks, and what was done last.

    Three statements; `lead` and its company are loaded.
    """
    clocks = handoff.deadlines.open().with_waiver().order_by("due_at").select_related("calendar__calendar")
    return Brief(
        cause=cite(handoff.version_id, handoff.trigger_key),
        told=_told(handoff),
        clocks=[clock_of(clock, now=now, tz=tz) for clock in clocks],
        attempts=list(handoff.attempts.select_related("user").order_by("-number")[:LATEST]),
        activities=list(handoff.lead.activities.order_by("-occurred_at")[:LATEST]),
    )


def clock_of(deadline: Deadline, *, now: datetime, tz: tzinfo) -> Clock:
    """A deadline read `with_waiver`."""
    state = clock_state(
        deadline.due_at,
        now=now,
        tz=tz,
        soon_at=deadline.remind_at,
        outcome=deadline.outcome,
        waived=getattr(deadline, "is_waived", False),
    )
    return Clock(deadline, state, cite(deadline.version_id, deadline.clause_key))


def _told(handoff: Handoff) -> list[Told]:
    trigger = terms_of(handoff.version_id).triggers.get(handoff.trigger_key)
    fields = trigger.required_information if trigger else []
    return [Told(say_field(field), _value(handoff.lead, field)) for field in fields]


def _value(lead: Lead, field: str) -> Any:
    value = read_field(lead, field) or None
    if value and field == "source":
        return in_words(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number_format(value, force_grouping=True)
    return value
