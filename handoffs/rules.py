"""What is legal, whose turn it is, what comes next and when. No database, no Django.

States are named by their stored words (`handoffs.models.HandoffState`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TypeVar

from agreements.business_time import Schedule
from agreements.spans import Span

# --- What may be done in which state ------------------------------------------------------------------------


class Act(StrEnum):
    """What people do to a handoff."""

    ACCEPT = "accept"
    REJECT = "reject"
    ATTEMPT = "attempt"
    SNOOZE = "snooze"
    RETURN = "return"
    QUALIFY = "qualify"
    DISQUALIFY = "disqualify"
    ASSIGN = "assign"
    DISPUTE = "dispute"


_OPEN = frozenset({"unassigned", "offered", "accepted"})
LEGAL: Mapping[Act, frozenset[str]] = {
    Act.ASSIGN: _OPEN,
    Act.ACCEPT: frozenset({"offered"}),
    Act.REJECT: frozenset({"offered"}),
    Act.ATTEMPT: frozenset({"offered", "accepted"}),
    Act.SNOOZE: frozenset({"accepted"}),
    Act.RETURN: frozenset({"accepted"}),
    Act.QUALIFY: frozenset({"accepted"}),
    Act.DISQUALIFY: frozenset({"accepted"}),
    Act.DISPUTE: frozenset({"returned", "rejected"}),
}
"""Act → the states in which it may be done. An attempt on an offered handoff accepts it."""


def is_legal(act: Act, state: str) -> bool:
    return state in LEGAL[act]


def legal_acts(state: str) -> frozenset[Act]:
    """The acts that may be done in a state."""
    return frozenset(act for act, states in LEGAL.items() if state in states)


# --- Whose turn ---------------------------------------------------------------------------------------------


@dataclass
class Turn:
    """Somebody in the round: `weight` relative to the others, `room` for so many more, `credit` from the last
    round.
    """

    id: int
    weight: int
    credit: int
    room: int


def take_turns(members: Iterable[Turn], items: Iterable[Collection[int]]) -> list[int | None]:
    """For each item the id of the member who gets it, or None; `credit` and `room` of the members move on.

    An item is the ids of those who may not have it. Smooth weighted round robin as in nginx (commit 52327e0,
    2012): everybody who can take the item earns the own weight, the richest gets it (the lowest id among
    equals) and pays what all of them earned. So weights 2, 1, 1 give A B C A, not A A B C.
    """
    ranked = sorted(members, key=lambda member: member.id)
    return [_take_turn(ranked, excluded) for excluded in items]


def _take_turn(members: Sequence[Turn], excluded: Collection[int]) -> int | None:
    able = [member for member in members if member.room > 0 and member.id not in excluded]
    if not able:
        return None
    for member in able:
        member.credit += member.weight
    chosen = max(able, key=lambda member: member.credit)
    chosen.credit -= sum(member.weight for member in able)
    chosen.room -= 1
    return chosen.id


# --- The cadence --------------------------------------------------------------------------------------------

Step = TypeVar("Step")


def next_step(steps: Sequence[Step], attempts_made: int) -> Step | None:
    """The step that the next attempt answers; None once all are done."""
    return steps[attempts_made] if attempts_made < len(steps) else None


def attempts_short(minimum: int, made: int) -> int:
    """How many attempts are still missing before a lead may be returned for not answering."""
    return max(minimum - made, 0)


# --- Clocks -------------------------------------------------------------------------------------------------


class ClockAct(StrEnum):
    """What the passing of time does to a deadline, in this order where instants coincide."""

    REMIND = "remind"
    BREACH = "breach"
    ESCALATE = "escalate"
    REASSIGN = "reassign"


@dataclass(frozen=True)
class ClockPlan:
    """The instants of one deadline, in UTC."""

    due_at: datetime
    remind_at: datetime | None = None
    escalate_at: datetime | None = None
    reassign_at: datetime | None = None

    @property
    def first_at(self) -> datetime:
        """The first instant at which something is to be done."""
        return min(at for at, _ in self._instants())

    def passed(self, *, since: datetime, now: datetime) -> list[ClockAct]:
        """What is to be done now, in order, if everything before `since` is done.

        An instant has passed when `now` lies after it: what happens at the very instant it is due is in time.
        """
        return [act for at, act in self._instants() if since <= at < now]

    def next_at(self, *, now: datetime) -> datetime | None:
        """The next instant at which something is to be done once all that has passed is."""
        return min((at for at, _ in self._instants() if at >= now), default=None)

    def _instants(self) -> list[tuple[datetime, ClockAct]]:
        planned = (
            (self.remind_at, ClockAct.REMIND),
            (self.due_at, ClockAct.BREACH),
            (self.escalate_at, ClockAct.ESCALATE),
            (self.reassign_at, ClockAct.REASSIGN),
        )
        return sorted(((at, act) for at, act in planned if at is not None), key=lambda pair: pair[0])


def plan_clock(
    schedule: Schedule,
    start: datetime,
    within: Span,
    *,
    remind_after: int = 0,
    escalate_after: Span | None = None,
    reassign_after: Span | None = None,
) -> ClockPlan:
    """When an obligation begun at `start` reminds, is due, escalates and moves on to somebody else.

    `remind_after` is a per cent of the business time between start and due (of the time by the clock where no
    business time lies between); 0, and 100 or more, remind of nothing. The spans after count from the due
    instant. Raises `ScheduleError` where the schedule never opens.
    """
    due_at = within.due(schedule, start)
    return ClockPlan(
        due_at=due_at,
        remind_at=_remind_at(schedule, start, due_at, remind_after),
        escalate_at=escalate_after.due(schedule, due_at) if escalate_after else None,
        reassign_at=reassign_after.due(schedule, due_at) if reassign_after else None,
    )


def _remind_at(schedule: Schedule, start: datetime, due_at: datetime, per_cent: int) -> datetime | None:
    if not 0 < per_cent < 100:
        return None
    business = schedule.elapsed(start, due_at)
    if business:
        return schedule.add(start, business * per_cent / 100)
    return start + (due_at - start) * per_cent / 100


def clock_state(
    due_at: datetime,
    *,
    now: datetime,
    tz: tzinfo,
    soon_at: datetime | None = None,
    outcome: str = "open",
    waived: bool = False,
) -> str:
    """How a clock stands: waived, met, met_late, missed, overdue, due_soon, today or later.

    One that was stopped, such as by a reassignment, was missed if it had fallen due; it is late no longer.

    `soon_at` is when it turns "due soon"; "today" is the day of the viewer, whose zone `tz` is.
    """
    if waived:
        return "waived"
    if outcome in ("met", "met_late"):
        return outcome
    if outcome == "cancelled":
        return "missed"
    if now > due_at:
        return "overdue"
    if soon_at is not None and now >= soon_at:
        return "due_soon"
    return "today" if due_at.astimezone(tz).date() <= now.astimezone(tz).date() else "later"


def is_late(due_at: datetime, *, at: datetime) -> bool:
    """Whether something done at an instant misses what is due: the due instant itself is in time."""
    return at > due_at


UNTOUCHED_AFTER = timedelta(hours=24)
"""An open handoff without any attempt for so long is shown as untouched."""
TOO_FEW_AFTER = timedelta(days=14)
"""An open handoff of this age with fewer attempts than its cadence's minimum is shown as followed up too
little.
"""
