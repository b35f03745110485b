from itertools import product

import pytest

from leads.rules import Verdict, highest, judge
from leads.stages import LADDER, OFF_LADDER, Stage, rank


@pytest.mark.parametrize(
    ("stage", "to_stage", "has_reason", "verdict"),
    [
        (Stage.CONTACT, Stage.MQL, False, Verdict.MOVE),
        (Stage.MQL, Stage.MQL, True, Verdict.ALREADY_THERE),
        (Stage.SQL, Stage.MQL, False, Verdict.ALREADY_THERE),
        (Stage.SQL, Stage.MQL, True, Verdict.ALREADY_THERE),
        (Stage.MQL, Stage.LEAD, False, Verdict.ALREADY_THERE),
        (Stage.MQL, Stage.LEAD, True, Verdict.MOVE),
        (Stage.OPPORTUNITY, Stage.LEAD, True, Verdict.MOVE),
        (Stage.CUSTOMER, Stage.LEAD, True, Verdict.NO_WAY_BACK),
        (Stage.LEAD, Stage.CONTACT, True, Verdict.ALREADY_THERE),
        (Stage.MQL, Stage.DISQUALIFIED, False, Verdict.NEEDS_REASON),
        (Stage.MQL, Stage.DISQUALIFIED, True, Verdict.MOVE),
        (Stage.CUSTOMER, Stage.LOST, True, Verdict.NO_WAY_BACK),
        (Stage.LOST, Stage.DISQUALIFIED, True, Verdict.NO_WAY_BACK),
        (Stage.LOST, Stage.MQL, False, Verdict.OFF_THE_LADDER),
        (Stage.DISQUALIFIED, Stage.MQL, True, Verdict.MOVE),
    ],
)
def test_judge_says_what_becomes_of_a_move(stage, to_stage, has_reason, verdict):
    assert judge(stage, to_stage, has_reason=has_reason) is verdict


def test_judge_without_a_reason_never_lets_a_lead_down_or_off():
    moved = [
        (stage, to_stage)
        for stage, to_stage in product(Stage, Stage)
        if judge(stage, to_stage, has_reason=False) is Verdict.MOVE
    ]

    assert moved == [
        (stage, to_stage) for stage, to_stage in product(LADDER, LADDER) if rank(to_stage) > rank(stage)
    ]


def test_judge_knows_no_way_from_customer_but_to_take_the_win_back():
    ways = [
        to_stage for to_stage in Stage if judge(Stage.CUSTOMER, to_stage, has_reason=True) is Verdict.MOVE
    ]

    assert ways == [Stage.SQL, Stage.OPPORTUNITY]


def test_highest_ignores_what_is_off_the_ladder():
    assert highest([*OFF_LADDER, Stage.MQL, Stage.CONTACT], "") == Stage.MQL
    assert highest(OFF_LADDER, "none") == "none"
