"""A handoff's receipt, as the lead's page shows it: what handed it over, every clock, every miss."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo

from agreements.selectors import ClauseRef, cite
from handoffs.models import Attempt, Breach, DeadlineOutcome, Handoff, HandoffTrigger, ReturnReason
from handoffs.selectors.brief import Clock, clock_of
from handoffs.terms import terms_of


@dataclass(frozen=True)
class Receipt:
    """One handoff in full. `clocks` leaves out those no longer needed; a breach tells its waiver."""

    handoff: Handoff
    trigger: HandoffTrigger | None
    cause: ClauseRef | None
    reason: ReturnReason | None
    reason_clause: ClauseRef | None
    clocks: list[Clock]
    breaches: list[Breach]
    attempts: list[Attempt]
    steps_total: int


@dataclass(frozen=True)
class Past:
    """An earlier handoff in one line."""

    handoff: Handoff
    trigger: HandoffTrigger | None
    reason: ReturnReason | None


def handoffs_of(lead_id: int) -> list[Handoff]:
    """A lead's handoffs, the newest first."""
    return list(
        Handoff.objects.filter(lead=lead_id).select_related("owner", "pool").order_by("-created_at", "-pk")
    )


def receipt_of(handoff: Handoff, *, now: datetime, tz: tzinfo) -> Receipt:
    """Three statements, however long it ran."""
    terms = terms_of(handoff.version_id)
    reason = terms.reasons.get(handoff.reason_key)
    breaches = list(
        Breach.objects.filter(handoff=handoff).select_related("owner", "waiver__user").order_by("due_at")
    )
    return Receipt(
        handoff=handoff,
        trigger=terms.triggers.get(handoff.trigger_key),
        cause=cite(handoff.version_id, handoff.trigger_key),
        reason=reason,
        reason_clause=cite(handoff.version_id, reason.key) if reason else None,
        clocks=_clocks(handoff, {breach.deadline_id for breach in breaches}, now, tz),
        breaches=breaches,
        attempts=list(handoff.attempts.select_related("user").order_by("number")),
        steps_total=len(terms.steps_of(handoff.trigger_key)),
    )


def past_of(handoff: Handoff) -> Past:
    terms = terms_of(handoff.version_id)
    return Past(handoff, terms.triggers.get(handoff.trigger_key), terms.reasons.get(handoff.reason_key))


def _clocks(handoff: Handoff, missed: Collection[int], now: datetime, tz: tzinfo) -> list[Clock]:
    """Clocks that were cancelled count only where they were missed before."""
    deadlines = handoff.deadlines.with_waiver().select_related("calendar__calendar", "owner")
    return [
        clock_of(deadline, now=now, tz=tz)
        for deadline in deadlines.order_by("started_at", "pk")
        if deadline.outcome != DeadlineOutcome.CANCELLED or deadline.pk in missed
    ]
