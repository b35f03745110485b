"""Pace, forecast and judgement, from plain numbers."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.business_time import Schedule
from kpis.rules import Pace, State, in_a_row, judge, pace_of, places_to_tell, rounded
from kpis.scopes import Scope

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = Schedule.from_dict(
    {
        "zone": "Europe/Berlin",
        "week": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    }
)
NOVEMBER = Scope.month(date(2026, 11, 1), BERLIN).days
HALFWAY = Pace(tuple(NOVEMBER[:20]), Fraction(10), is_over=False)
OVER = Pace(tuple(NOVEMBER[:20]), Fraction(20), is_over=True)


@pytest.mark.parametrize(
    ("at", "passed", "days_left"),
    [
        ("2026-10-30T12:00+01:00", 0, 21),
        ("2026-11-01T23:00+01:00", 0, 21),
        ("2026-11-02T13:00+01:00", Fraction(1, 2), 21),
        ("2026-11-02T17:00+01:00", 1, 20),
        ("2026-11-08T12:00+01:00", 5, 16),
        ("2026-11-30T23:59+01:00", 21, 0),
        ("2026-12-01T00:00+01:00", 21, 0),
    ],
)
def test_pace_counts_business_days_and_the_open_part_of_today(
    at: str, passed: Fraction | int, days_left: int
) -> None:
    pace = pace_of(NINE_TO_FIVE, BERLIN, NOVEMBER, datetime.fromisoformat(at))
    assert (pace.passed, pace.days_left, len(pace.days)) == (passed, days_left, 21)
    assert pace.is_over is (at >= "2026-12")


def test_pace_of_days_that_are_never_open_is_done_when_they_are_over() -> None:
    weekend = [date(2026, 11, 7), date(2026, 11, 8)]
    during = pace_of(NINE_TO_FIVE, BERLIN, weekend, datetime(2026, 11, 7, 12, tzinfo=UTC))
    after = pace_of(NINE_TO_FIVE, BERLIN, weekend, datetime(2026, 11, 9, 12, tzinfo=UTC))
    assert (during.share, during.days_left, during.planned(Fraction(10), weekend[0])) == (0, 0, 0)
    assert (after.share, after.is_over) == (1, True)


def test_plan_grows_by_the_same_each_business_day_and_ends_at_the_target() -> None:
    pace = pace_of(NINE_TO_FIVE, BERLIN, NOVEMBER, datetime(2026, 11, 10, 12, tzinfo=UTC))
    planned = [pace.planned(Fraction(105), day) for day in NOVEMBER]
    steps = [later - earlier for earlier, later in zip([Fraction(0), *planned], planned, strict=False)]
    assert planned[-1] == 105
    assert set(steps) == {0, 5}
    still = [day.isoweekday() for day, step in zip(NOVEMBER, steps, strict=True) if not step]
    assert still == [7, 6, 7, 6, 7, 6, 7, 6, 7]


def test_forecast_needs_half_a_day_and_ends_where_it_is_when_it_is_over() -> None:
    early = Pace(HALFWAY.days, Fraction(49, 100), is_over=False)
    assert early.forecast(Fraction(3)) is None
    assert HALFWAY.forecast(Fraction(30)) == 60
    assert OVER.forecast(Fraction(30)) == 30


@pytest.mark.parametrize(
    ("value", "at_least", "adds_up", "pace", "state"),
    [
        (None, True, True, HALFWAY, State.EMPTY),
        (50, True, True, HALFWAY, State.KEPT),
        (49, True, True, HALFWAY, State.AT_RISK),
        (49, True, True, Pace(HALFWAY.days, Fraction(99, 10), is_over=False), State.AT_RISK),
        (49, True, True, Pace(HALFWAY.days, Fraction(98, 10), is_over=False), State.KEPT),
        (99, True, True, OVER, State.MISSED),
        (100, True, True, OVER, State.KEPT),
        (99, True, False, HALFWAY, State.AT_RISK),
        (100, True, False, HALFWAY, State.KEPT),
        (50, False, True, HALFWAY, State.KEPT),
        (51, False, True, HALFWAY, State.AT_RISK),
        (101, False, True, HALFWAY, State.MISSED),
        (101, False, False, HALFWAY, State.AT_RISK),
        (101, False, False, OVER, State.MISSED),
        (100, False, False, OVER, State.KEPT),
    ],
)
def test_judgement_of_a_target_of_100(
    value: int | None, at_least: bool, adds_up: bool, pace: Pace, state: State
) -> None:
    told = None if value is None else Fraction(value)
    assert judge(told, Fraction(100), pace, at_least=at_least, adds_up=adds_up) is state


@pytest.mark.parametrize(
    ("value", "target", "at_least", "adds_up", "state"),
    [
        ("19", "600/31", True, True, State.KEPT),
        ("18", "600/31", True, True, State.MISSED),
        ("18.6", "600/31", True, True, State.KEPT),
        ("2", "50/31", False, True, State.KEPT),
        ("3", "50/31", False, True, State.MISSED),
        ("94.96", "95", True, False, State.MISSED),
        ("4.4", "4.5", True, False, State.MISSED),
    ],
)
def test_what_adds_up_is_judged_in_whole_numbers_and_rates_are_not(
    value: str, target: str, at_least: bool, adds_up: bool, state: State
) -> None:
    assert judge(Fraction(value), Fraction(target), OVER, at_least=at_least, adds_up=adds_up) is state


@given(
    value=st.fractions(0, 200, max_denominator=5000),
    target=st.decimals(0, 200, places=2),
    least=st.integers(0, 2),
)
def test_what_is_said_lies_on_the_same_side_of_the_target(
    value: Fraction, target: Decimal, least: int
) -> None:
    exact = Fraction(target)
    places = places_to_tell(value, exact, least)
    said = rounded(value, places) - rounded(exact, places)
    assert (said > 0, said < 0) == (value > exact, value < exact)
    assert places == least or rounded(value, places - 1) == rounded(exact, places - 1)


@given(judged=st.integers(0, 400), share=st.fractions(0, 1), data=st.data())
def test_in_a_row_is_the_least_number_that_brings_the_rate_back(
    judged: int, share: Fraction, data: st.DataObject
) -> None:
    kept = data.draw(st.integers(0, judged))
    needed = in_a_row(kept, judged, share)
    if needed is None:
        assert share == 1
        assert kept < judged
        return
    assert kept + needed >= share * (judged + needed)
    assert needed == 0 or kept + needed - 1 < share * (judged + needed - 1)


@given(hours=st.integers(0, 24 * 31), target=st.integers(0, 10_000))
def test_expected_never_falls_and_never_passes_the_target(hours: int, target: int) -> None:
    at = datetime(2026, 10, 31, 23, tzinfo=UTC) + timedelta(hours=hours)
    now = pace_of(NINE_TO_FIVE, BERLIN, NOVEMBER, at).expected(Fraction(target))
    later = pace_of(NINE_TO_FIVE, BERLIN, NOVEMBER, at + timedelta(hours=1)).expected(Fraction(target))
    assert 0 <= now <= later <= target
