"""Handoffs: what the agreement says of them, who works them, and what happened."""

from handoffs.models.clauses import (
    Cadence,
    CadenceStep,
    Channel,
    HandoffTrigger,
    ResponsePolicy,
    ReturnReason,
    TriggerKind,
)
from handoffs.models.facts import (
    ANSWERS,
    OPEN_STATES,
    Attempt,
    Breach,
    Deadline,
    DeadlineKind,
    DeadlineOutcome,
    EventKind,
    Handoff,
    HandoffEvent,
    HandoffState,
    Outcome,
    Waiver,
)
from handoffs.models.pools import Pool, PoolMember, TimeOff

__all__ = [
    "ANSWERS",
    "OPEN_STATES",
    "Attempt",
    "Breach",
    "Cadence",
    "CadenceStep",
    "Channel",
    "Deadline",
    "DeadlineKind",
    "DeadlineOutcome",
    "EventKind",
    "Handoff",
    "HandoffEvent",
    "HandoffState",
    "HandoffTrigger",
    "Outcome",
    "Pool",
    "PoolMember",
    "ResponsePolicy",
    "ReturnReason",
    "TimeOff",
    "TriggerKind",
    "Waiver",
]
