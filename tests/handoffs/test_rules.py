"""What is legal, whose turn it is, what comes next and when."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.business_time import Schedule
from agreements.spans import Span
from handoffs.models import DeadlineOutcome, HandoffState
from handoffs.rules import (
    LEGAL,
    Act,
    ClockAct,
    ClockPlan,
    Turn,
    attempts_short,
    clock_state,
    is_legal,
    legal_acts,
    next_step,
    plan_clock,
    take_turns,
)

OFFICE = Schedule.from_dict(
    {
        "zone": "Europe/Berlin",
        "week": {day: [["09:00", "17:30"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    }
)
MONDAY = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


# --- Legality -----------------------------------------------------------------------------------------------------


def test_legal_acts_of_each_state():
    assert {state: set(legal_acts(state)) for state in HandoffState} == {
        HandoffState.UNASSIGNED: {Act.ASSIGN},
        HandoffState.OFFERED: {Act.ASSIGN, Act.ACCEPT, Act.REJECT, Act.ATTEMPT},
        HandoffState.ACCEPTED: {
            Act.ASSIGN,
            Act.ATTEMPT,
            Act.SNOOZE,
            Act.RETURN,
            Act.QUALIFY,
            Act.DISQUALIFY,
        },
        HandoffState.QUALIFIED: set(),
        HandoffState.DISQUALIFIED: set(),
        HandoffState.RETURNED: {Act.DISPUTE},
        HandoffState.REJECTED: {Act.DISPUTE},
    }


def test_every_act_is_legal_somewhere_and_speaks_of_known_states():
    assert set(LEGAL) == set(Act)
    assert all(LEGAL[act] and LEGAL[act] <= set(HandoffState.values) for act in Act)
    assert not is_legal(Act.ACCEPT, "unheard of")


# --- Turns --------------------------------------------------------------------------------------------------------


def team(*weights: int, room: int = 1000) -> list[Turn]:
    return [Turn(id=number, weight=weight, credit=0, room=room) for number, weight in enumerate(weights, 1)]


def anybody(count: int) -> list[frozenset[int]]:
    return [frozenset()] * count


def test_take_turns_spreads_the_heavy_one():
    """The example of nginx: 5, 1, 1 gives a a b a c a a."""
    assert take_turns(team(5, 1, 1), anybody(7)) == [1, 1, 2, 1, 3, 1, 1]


def test_take_turns_goes_on_where_the_last_batch_stopped():
    whole, parted = team(3, 2, 1), team(3, 2, 1)
    by_one = [owner for _ in range(12) for owner in take_turns(parted, anybody(1))]
    assert by_one == take_turns(whole, anybody(12))
    assert whole == parted


def test_take_turns_when_nobody_has_room():
    assert take_turns([], anybody(2)) == [None, None]
    assert take_turns(team(1, 1, room=1), anybody(3)) == [1, 2, None]


def test_take_turns_passes_over_whoever_may_not_have_it():
    assert take_turns(team(1, 1), [{1}, {1, 2}, {1}]) == [2, None, 2]


@given(
    weights=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    rounds=st.integers(1, 5),
    credit=st.integers(-3, 3),
)
def test_take_turns_gives_everybody_the_own_share_in_each_round(weights: list[int], rounds: int, credit: int):
    total = sum(weights)
    for owners in [take_turns(team(*weights), anybody(total * rounds))]:
        assert Counter(owners) == {number: weight * rounds for number, weight in enumerate(weights, 1)}


@given(
    weights=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    rooms=st.lists(st.integers(0, 4), min_size=5, max_size=5),
    items=st.lists(st.frozensets(st.integers(1, 5), max_size=3), max_size=20),
)
def test_take_turns_never_exceeds_room_nor_gives_to_the_excluded(
    weights: list[int], rooms: list[int], items: list[frozenset[int]]
):
    members = [Turn(number, weight, 0, rooms[number - 1]) for number, weight in enumerate(weights, 1)]
    owners = take_turns(members, items)
    taken = Counter(owner for owner in owners if owner is not None)
    for member in members:
        assert taken[member.id] + member.room == rooms[member.id - 1]
        assert member.room >= 0
    for owner, excluded in zip(owners, items, strict=True):
        assert owner not in excluded
    assert sum(member.credit for member in members) == 0


# --- Cadence ------------------------------------------------------------------------------------------------------


def test_next_step_by_attempts_made():
    assert [next_step(["call", "mail"], made) for made in range(3)] == ["call", "mail", None]


@pytest.mark.parametrize(
    ("minimum", "made", "short"), [(6, 0, 6), (6, 5, 1), (6, 6, 0), (6, 9, 0), (0, 0, 0)]
)
def test_attempts_short(minimum: int, made: int, short: int):
    assert attempts_short(minimum, made) == short


# --- Clocks -------------------------------------------------------------------------------------------------------


def hours(count: int) -> Span:
    return Span.parse(f"{count} business hours")


def test_plan_clock_within_a_day():
    plan = plan_clock(
        OFFICE, MONDAY, hours(4), remind_after=75, escalate_after=hours(1), reassign_after=hours(4)
    )
    assert plan == ClockPlan(
        due_at=datetime(2026, 11, 2, 13, 30, tzinfo=UTC),
        remind_at=datetime(2026, 11, 2, 12, 30, tzinfo=UTC),
        escalate_at=datetime(2026, 11, 2, 14, 30, tzinfo=UTC),
        reassign_at=datetime(
            2026, 11, 3, 9, 0, tzinfo=UTC
        ),  # three hours on Monday, one on Tuesday from 09:00 Berlin
    )


def test_plan_clock_over_a_weekend_reminds_in_business_hours():
    friday = datetime(2026, 11, 6, 15, 30, tzinfo=UTC)  # an hour before closing
    plan = plan_clock(OFFICE, friday, hours(3), remind_after=50)
    assert plan.due_at == datetime(2026, 11, 9, 10, 0, tzinfo=UTC)
    assert plan.remind_at == datetime(2026, 11, 9, 8, 30, tzinfo=UTC)


def test_plan_clock_by_the_wall_clock_reminds_by_it_where_no_business_time_lies_between():
    saturday = datetime(2026, 11, 7, 10, tzinfo=UTC)
    plan = plan_clock(OFFICE, saturday, Span.parse("4 hours"), remind_after=50)
    assert plan == ClockPlan(due_at=saturday + timedelta(hours=4), remind_at=saturday + timedelta(hours=2))


@pytest.mark.parametrize("per_cent", [0, 100, 250])
def test_plan_clock_without_reminder(per_cent: int):
    assert plan_clock(OFFICE, MONDAY, hours(1), remind_after=per_cent).remind_at is None


PLAN = ClockPlan(
    due_at=MONDAY + timedelta(hours=2),
    remind_at=MONDAY + timedelta(hours=1),
    escalate_at=MONDAY + timedelta(hours=3),
    reassign_at=MONDAY + timedelta(hours=3),
)


def test_plan_passes_each_act_once_in_order():
    seen: list[ClockAct] = []
    since = PLAN.first_at
    for minutes in range(0, 300, 7):
        now = MONDAY + timedelta(minutes=minutes)
        seen += PLAN.passed(since=since, now=now)
        since = PLAN.next_at(now=now) or datetime.max.replace(tzinfo=UTC)
    assert seen == [ClockAct.REMIND, ClockAct.BREACH, ClockAct.ESCALATE, ClockAct.REASSIGN]


def test_plan_passes_everything_in_order_after_a_standstill():
    late = MONDAY + timedelta(days=3)
    assert PLAN.passed(since=PLAN.first_at, now=late) == list(ClockAct)
    assert PLAN.next_at(now=late) is None


def test_plan_at_the_very_instant_is_in_time():
    assert PLAN.passed(since=PLAN.due_at, now=PLAN.due_at) == []
    assert PLAN.next_at(now=PLAN.due_at) == PLAN.due_at
    assert PLAN.passed(since=PLAN.due_at, now=PLAN.due_at + timedelta(microseconds=1)) == [ClockAct.BREACH]


@given(
    offsets=st.lists(st.integers(0, 50), min_size=4, max_size=4),
    steps=st.lists(st.integers(1, 30), max_size=12),
)
def test_plan_does_each_act_exactly_once_however_often_it_is_asked(offsets: list[int], steps: list[int]):
    remind, due, escalate, reassign = (MONDAY + timedelta(minutes=offset) for offset in offsets)
    plan = ClockPlan(due, remind, escalate, reassign)
    seen: Counter[ClockAct] = Counter()
    now, since = MONDAY, plan.first_at
    for step in [*steps, 60]:
        now += timedelta(minutes=step)
        seen.update(plan.passed(since=since, now=now))
        since = plan.next_at(now=now) or datetime.max.replace(tzinfo=UTC)
    assert seen == dict.fromkeys(ClockAct, 1)


DUE = datetime(2026, 11, 2, 22, 30, tzinfo=UTC)  # 23:30 in Berlin


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (DUE - timedelta(days=2), "later"),
        (DUE - timedelta(hours=5), "today"),
        (DUE - timedelta(minutes=30), "due_soon"),
        (DUE, "due_soon"),
        (DUE + timedelta(microseconds=1), "overdue"),
    ],
)
def test_clock_state_of_an_open_clock(now: datetime, state: str):
    assert clock_state(DUE, now=now, tz=BERLIN, soon_at=DUE - timedelta(hours=1)) == state


def test_clock_state_today_is_the_viewers_day():
    now = datetime(2026, 11, 2, 16, tzinfo=UTC)
    assert clock_state(DUE, now=now, tz=BERLIN) == "today"
    assert (
        clock_state(DUE, now=now, tz=ZoneInfo("Asia/Tokyo")) == "later"
        or now.astimezone(ZoneInfo("Asia/Tokyo")).date() == DUE.astimezone(ZoneInfo("Asia/Tokyo")).date()
    )
    assert clock_state(DUE + timedelta(hours=1), now=now, tz=BERLIN) == "later"


@pytest.mark.parametrize(("outcome", "waived"), [*product(DeadlineOutcome.values, [False, True])])
def test_clock_state_of_an_ended_clock(outcome: str, waived: bool):
    state = clock_state(DUE, now=DUE + timedelta(days=1), tz=BERLIN, outcome=outcome, waived=waived)
    expected = {"met": "met", "met_late": "met_late", "cancelled": "missed"}.get(outcome, "overdue")
    assert state == ("waived" if waived else expected)
