"""Business time: the algebra of `add` and `elapsed`, and two independent references.

The references are a walk along the wall clock, minute by minute, and pandas' `CustomBusinessHour`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agreements.business_time import Schedule, Slot

MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Auckland",
]
MINUTES = st.sampled_from([0, 1, 60, 120, 135, 150, 165, 180, 1380, 1410, 1440]) | st.integers(0, 1440)


@st.composite
def days(draw: st.DrawFn) -> tuple[Slot, ...]:
    edges = sorted(draw(st.lists(MINUTES, max_size=6, unique=True)))
    slots = list(pairwise(edges)) if draw(st.booleans()) else list(zip(edges[::2], edges[1::2], strict=False))
    return tuple(Slot(*slot) for slot in slots)


@st.composite
def schedules(draw: st.DrawFn, zone: str | None = None, around: date = date(2026, 11, 23)) -> Schedule:
    week = draw(st.tuples(*[days()] * 7).filter(any))
    near = st.integers(-4, 4).map(lambda offset: around + timedelta(days=offset))
    return Schedule(zone or draw(st.sampled_from(ZONES)), week, draw(st.frozensets(near, max_size=3)))


def weekly(schedule: Schedule) -> timedelta:
    return timedelta(minutes=sum(slot.closes - slot.opens for slots in schedule.week for slot in slots))


INSTANTS = st.datetimes(datetime(2010, 1, 1), datetime(2039, 1, 1), timezones=st.just(UTC))
WEEKS = st.floats(0, 60) | st.floats(0, 0.2)


@settings(max_examples=100, deadline=None)
@given(schedules(), INSTANTS, WEEKS, WEEKS)
def test_add_is_the_inverse_of_elapsed_and_adds_up(
    schedule: Schedule, start: datetime, weeks: float, more: float
) -> None:
    first, second = weekly(schedule) * weeks, weekly(schedule) * more
    due = schedule.add(start, first)
    assert schedule.elapsed(start, due) == first
    assert schedule.add(due, second) == schedule.add(start, first + second)
    assert due >= start
    if first:
        assert schedule.is_open(due - MICROSECOND)
    else:
        assert due == start or schedule.is_open(due)


@settings(max_examples=100, deadline=None)
@given(schedules(), INSTANTS, st.timedeltas(timedelta(0), timedelta(days=9)), WEEKS, WEEKS)
def test_add_is_monotone(
    schedule: Schedule, start: datetime, later: timedelta, weeks: float, more: float
) -> None:
    duration = weekly(schedule) * weeks
    due = schedule.add(start, duration)
    assert due <= schedule.add(start + later, duration)
    assert due <= schedule.add(start, duration + weekly(schedule) * more)


@settings(max_examples=40, deadline=None)
@given(schedules(), st.tuples(INSTANTS, INSTANTS, INSTANTS))
def test_elapsed_adds_up_in_any_order(
    schedule: Schedule, instants: tuple[datetime, datetime, datetime]
) -> None:
    first, second, third = instants
    elapsed = schedule.elapsed
    assert elapsed(first, second) + elapsed(second, third) == elapsed(first, third)
    assert elapsed(first, second) == -elapsed(second, first)


@settings(max_examples=100, deadline=None)
@given(schedules(), INSTANTS, st.integers(0, 60))
def test_business_days_close_when_the_doors_do(schedule: Schedule, start: datetime, count: int) -> None:
    closing = schedule.close_of_business_day(start, count)
    assert closing > start or count == 0
    assert schedule.is_open(closing - MICROSECOND)
    assert closing <= schedule.close_of_business_day(start, count + 1)


# The walk

CHANGES = [
    ("UTC", date(2026, 12, 31)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/St_Johns", date(2006, 4, 2)),
    ("America/St_Johns", date(2006, 10, 29)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Sao_Paulo", date(2019, 2, 16)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),
    ("Africa/Cairo", date(2024, 4, 26)),
    ("Africa/Cairo", date(2024, 10, 31)),
    ("Antarctica/Troll", date(2026, 3, 29)),
    ("Asia/Kolkata", date(2026, 11, 23)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Auckland", date(2026, 12, 31)),
]
WALK = 4 * 24 * 60


@cache
def wall_clock(zone: str, start: datetime) -> list[datetime]:
    """What the wall clock shows each minute from `start` on, were it never put back.

    Through a repeated hour it stands still.
    """
    minutes = (start + minute * MINUTE for minute in range(WALK + 24 * 60))
    return list(accumulate((at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in minutes), max))


def open_days(schedule: Schedule, clock: list[datetime]) -> list[date | None]:
    """For each minute of the clock the working day whose doors are open, or None."""

    def is_open(shown: datetime) -> bool:
        minute = shown.hour * 60 + shown.minute
        slots = schedule.week[shown.weekday()]
        return shown.date() not in schedule.holidays and any(a <= minute < b for a, b in slots)

    return [shown.date() if is_open(shown) else None for shown in clock]


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(CHANGES), st.integers(0, 24 * 60))
def test_everything_agrees_with_a_walk_along_the_clock(
    data: st.DataObject, change: tuple[str, date], minute: int
) -> None:
    zone, day = change
    schedule = data.draw(schedules(zone, day))
    eve = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    start = eve + minute * MINUTE
    opened = open_days(schedule, wall_clock(zone, eve)[minute : minute + WALK])
    open_minutes = [number for number, working in enumerate(opened) if working]
    assume(open_minutes)

    worked = data.draw(st.integers(1, len(open_minutes)))
    assert schedule.add(start, worked * MINUTE) == start + (open_minutes[worked - 1] + 1) * MINUTE

    until = data.draw(st.integers(0, WALK))
    passed = sum(number < until for number in open_minutes)
    assert schedule.elapsed(start, start + until * MINUTE) == passed * MINUTE

    assert schedule.next_opening(start) == start + open_minutes[0] * MINUTE
    assert schedule.is_open(start) is (open_minutes[0] == 0)

    today = start.astimezone(ZoneInfo(zone)).date()
    closings = {working: start + (number + 1) * MINUTE for number, working in enumerate(opened) if working}
    counted = [closing for working, closing in sorted(closings.items()) if working > today]
    for number, closing in enumerate(counted[:-1], 1):  # the walk may end within the last day
        assert schedule.close_of_business_day(start, number) == closing


# pandas


@pytest.mark.parametrize("number", [1, 4, 8, 40])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney"])
def test_add_agrees_with_pandas(zone: str, number: int) -> None:
    pandas = pytest.importorskip("pandas")
    holidays = [date(2026, 12, 25), date(2027, 1, 1)]
    office = ((Slot(9 * 60, 12 * 60 + 30), Slot(13 * 60 + 30, 18 * 60)),) * 5
    schedule = Schedule(zone, (*office, (), ()), frozenset(holidays))
    theirs = pandas.offsets.CustomBusinessHour(
        number, start=["09:00", "13:30"], end=["12:30", "18:00"], holidays=holidays
    )
    first = pandas.Timestamp("2026-01-01 00:07", tz=zone)
    for start in pandas.date_range(first, periods=380, freq="23h"):
        ours = schedule.add(start.to_pydatetime(), timedelta(hours=number))
        # pandas moves what falls on closing time to the next opening
        assert schedule.next_opening(ours) == start + theirs, start
