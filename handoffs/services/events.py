"""The lines of a handoff's history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import User
from handoffs.models import EventKind, Handoff, HandoffEvent


def event(
    handoff: Handoff,
    kind: EventKind,
    *,
    now: datetime,
    actor: User | None,
    clause_key: str = "",
    data: Mapping[str, Any] | None = None,
) -> HandoffEvent:
    """One line, not yet saved. Cites a clause of the handoff's own version."""
    return HandoffEvent(
        handoff=handoff,
        kind=kind,
        at=now,
        actor=actor,
        version_id=handoff.version_id,
        clause_key=clause_key,
        data=dict(data or {}),
    )
