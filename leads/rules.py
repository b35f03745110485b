"""When a lead may move from one stage to another. Pure."""

from collections.abc import Iterable
from enum import Enum

from leads.stages import BEFORE_DECIDED, LADDER, OFF_LADDER, Stage, rank


class Verdict(Enum):
    """What becomes of a wish to move a lead."""

    MOVE = "move"
    ALREADY_THERE = "already_there"
    NEEDS_REASON = "needs_reason"
    NO_WAY_BACK = "no_way_back"
    OFF_THE_LADDER = "off_the_ladder"


def judge(stage: str, to_stage: str, *, has_reason: bool) -> Verdict:
    """A lead climbs freely, rungs may be left out, and standing higher already is no error.

    It goes down or off the ladder only with a reason: down to `lead` alone (a return, a rejection), off from
    any rung but `customer`. From there it goes down only to where it was won from (the win was a mistake).
    Off the ladder it stays unless a reason brings it back; one way off never turns
    into the other.
    """
    if stage == to_stage:
        return Verdict.ALREADY_THERE
    if to_stage in OFF_LADDER:
        return _with_reason(has_reason) if _may_leave(stage) else Verdict.NO_WAY_BACK
    if stage in OFF_LADDER:
        return Verdict.MOVE if has_reason else Verdict.OFF_THE_LADDER
    if rank(to_stage) > rank(stage):
        return Verdict.MOVE
    return _down(stage, to_stage) if has_reason else Verdict.ALREADY_THERE


def _down(stage: str, to_stage: str) -> Verdict:
    if stage == Stage.CUSTOMER and to_stage in BEFORE_DECIDED:
        return Verdict.MOVE
    if to_stage != Stage.LEAD:
        return Verdict.ALREADY_THERE
    return Verdict.NO_WAY_BACK if stage == Stage.CUSTOMER else Verdict.MOVE


def _may_leave(stage: str) -> bool:
    return stage in LADDER and stage != Stage.CUSTOMER


def _with_reason(has_reason: bool) -> Verdict:
    return Verdict.MOVE if has_reason else Verdict.NEEDS_REASON


def highest(stages: Iterable[str], default: str) -> str:
    """The highest rung among `stages`, or `default` where none is on the ladder."""
    rungs = [stage for stage in stages if stage in LADDER]
    return max(rungs, key=rank, default=default)
