"""Everything that is written about handoffs. One act is one transaction; what the rules forbid raises
`Refused`.
"""

from handoffs.services.acts import accept_handoff, snooze_handoff, wake_handoff
from handoffs.services.attempts import log_attempt
from handoffs.services.by_hand import hand_off_by_hand
from handoffs.services.create import Candidate, create_handoffs, hand_over_scored
from handoffs.services.deals import mark_lost, mark_won, open_opportunity, take_back_decision
from handoffs.services.disputes import dispute_ending, rule_on_dispute
from handoffs.services.endings import (
    disqualify_handoff,
    follow_stages,
    qualify_handoff,
    reject_handoff,
    return_handoff,
)
from handoffs.services.leaving import release_handoffs
from handoffs.services.manage import assign_handoff, reassign_handoffs, waive_breach
from handoffs.services.pools import (
    add_time_off,
    create_pool,
    remove_member,
    remove_time_off,
    set_member,
    update_pool,
)
from handoffs.services.refusals import (
    AlreadyHandedOver,
    AlreadyOverdue,
    AttemptOutOfTime,
    AttemptsMissing,
    BadPool,
    CannotDispute,
    CannotHandOff,
    CannotTake,
    CannotTakeBack,
    CannotWaive,
    CriteriaNotMet,
    HandoffNotOpen,
    KeyTaken,
    ManagersOnly,
    NotYourHandoff,
    NotYourLead,
    OwnedByNow,
    Refused,
    SnoozeOutOfTime,
    UnknownReason,
    WrongStage,
)
from handoffs.services.sweep import route_waiting, sweep_deadlines

__all__ = [
    "AlreadyHandedOver",
    "AlreadyOverdue",
    "AttemptOutOfTime",
    "AttemptsMissing",
    "BadPool",
    "Candidate",
    "CannotDispute",
    "CannotHandOff",
    "CannotTake",
    "CannotTakeBack",
    "CannotWaive",
    "CriteriaNotMet",
    "HandoffNotOpen",
    "KeyTaken",
    "ManagersOnly",
    "NotYourHandoff",
    "NotYourLead",
    "OwnedByNow",
    "Refused",
    "SnoozeOutOfTime",
    "UnknownReason",
    "WrongStage",
    "accept_handoff",
    "add_time_off",
    "assign_handoff",
    "create_handoffs",
    "create_pool",
    "dispute_ending",
    "disqualify_handoff",
    "follow_stages",
    "hand_off_by_hand",
    "hand_over_scored",
    "log_attempt",
    "mark_lost",
    "mark_won",
    "open_opportunity",
    "qualify_handoff",
    "reassign_handoffs",
    "reject_handoff",
    "release_handoffs",
    "remove_member",
    "remove_time_off",
    "return_handoff",
    "route_waiting",
    "rule_on_dispute",
    "set_member",
    "snooze_handoff",
    "sweep_deadlines",
    "take_back_decision",
    "update_pool",
    "waive_breach",
    "wake_handoff",
]
