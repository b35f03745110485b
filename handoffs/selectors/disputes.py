"""What is disputed: why the handoff ended, who disputes that, and their words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from agreements.selectors import ClauseRef, cite
from handoffs.models import EventKind, Handoff, HandoffEvent


@dataclass(frozen=True)
class Dispute:
    """`reason` is the documented one of the ending, `note` what sales added to it."""

    reason: ClauseRef | None
    note: str
    by: User | None
    words: str
    at: datetime


def disputes_of(handoffs: Sequence[Handoff]) -> dict[int, Dispute]:
    """By handoff the dispute that waits to be settled. One statement, none where nothing is disputed."""
    disputed = {handoff.pk: handoff for handoff in handoffs if handoff.disputed_at}
    if not disputed:
        return {}
    lines = HandoffEvent.objects.filter(handoff__in=disputed, kind=EventKind.DISPUTED).select_related("actor")
    return {line.handoff_id: _dispute(disputed[line.handoff_id], line) for line in lines}


def _dispute(handoff: Handoff, line: HandoffEvent) -> Dispute:
    return Dispute(
        reason=cite(handoff.version_id, handoff.reason_key),
        note=handoff.reason_note,
        by=line.actor,
        words=line.data.get("note", ""),
        at=line.at,
    )
