"""Stretches of days in one zone."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.scopes import Scope, last_of_month, midnight

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = st.dates(date(1991, 1, 1), date(2199, 12, 31))


def test_month_begins_and_ends_by_the_clock_of_its_zone() -> None:
    march = Scope.month(date(2026, 3, 17), BERLIN)
    assert (march.starts_on, march.ends_on) == (date(2026, 3, 1), date(2026, 3, 31))
    assert march.start == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert march.end == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert march.end - march.start == timedelta(days=31) - timedelta(hours=1)


def test_the_same_instant_lies_in_another_month_of_another_zone() -> None:
    at = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    months = {
        zone: next(
            month
            for month in (10, 11)
            if (scope := Scope.month(date(2026, month, 1), ZoneInfo(zone))).start <= at < scope.end
        )
        for zone in ("Europe/Berlin", "America/New_York", "UTC")
    }
    assert months == {"Europe/Berlin": 11, "America/New_York": 10, "UTC": 10}


def test_a_day_begins_where_the_clock_jumps_over_midnight() -> None:
    # Chile set its clocks from 0:00 to 1:00 on 6 September 2026.
    assert midnight(date(2026, 9, 6), ZoneInfo("America/Santiago")) == datetime(2026, 9, 6, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2026-11-01", "2026-11-30", Fraction(1)),
        ("2026-10-01", "2026-12-31", Fraction(3)),
        ("2026-11-01", "2026-11-15", Fraction(1, 2)),
        ("2026-11-16", "2026-12-31", Fraction(3, 2)),
        ("2026-02-01", "2026-02-07", Fraction(1, 4)),
    ],
)
def test_months_of_a_stretch_are_shares_of_their_days(first: str, last: str, months: Fraction) -> None:
    scope = Scope(date.fromisoformat(first), date.fromisoformat(last), BERLIN)
    assert scope.months == months


@given(DAYS)
def test_before_a_month_is_a_month_and_their_days_meet(day: date) -> None:
    month = Scope.month(day, BERLIN, agreement_id=3, team_id=4, source="webinar")
    before = month.previous
    assert before.is_month
    assert before.end == month.start
    assert (before.agreement_id, before.team_id, before.source) == (3, 4, "webinar")


@given(DAYS, st.integers(0, 60))
def test_before_other_days_are_as_many(day: date, more: int) -> None:
    scope = Scope(day, day + timedelta(days=more), BERLIN)
    before = scope.previous
    assert before.ends_on == scope.starts_on - timedelta(days=1)
    if not scope.is_month:
        assert len(before.days) == len(scope.days)
    else:
        assert scope.ends_on == last_of_month(day)


def test_narrowed_is_what_leaves_out_leads_of_the_agreement() -> None:
    day = date(2026, 11, 1)
    assert not Scope.month(day, BERLIN).is_narrowed
    assert not Scope.month(day, BERLIN, agreement_id=1).is_narrowed
    assert Scope.month(day, BERLIN, team_id=1).is_narrowed
    assert Scope.month(day, BERLIN, source="").is_narrowed
