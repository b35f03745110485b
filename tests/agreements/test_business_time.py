"""Business time: named cases and refusals."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agreements.business_time import Schedule, ScheduleError, Slot

MICROSECOND = timedelta(microseconds=1)
LUNCH = [["09:00", "12:30"], ["13:30", "18:00"]]
BERLIN = Schedule.from_dict(
    {
        "zone": "Europe/Berlin",
        "week": dict.fromkeys(["mon", "tue", "wed", "thu", "fri"], LUNCH),
        "holidays": ["2026-12-25", "2027-01-01"],
    }
)
NEW_YORK = Schedule.from_dict(
    {
        "zone": "America/New_York",
        "week": {day: [["08:30", "17:15"]] for day in ["mon", "tue", "wed", "thu", "fri"]},
    }
)


def round_the_week(zone: str, *slots: list[str], holidays: tuple[str, ...] = ()) -> Schedule:
    week = {day: list(slots) for day in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}
    return Schedule.from_dict({"zone": zone, "week": week, "holidays": list(holidays)})


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def hours(text: str) -> timedelta:
    hour, minute = text.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


# Named cases


@pytest.mark.parametrize(
    ("start", "duration", "due"),
    [
        pytest.param("2026-11-23 09:30", "2:00", "2026-11-23 11:30", id="within one slot"),
        pytest.param("2026-11-23 11:00", "4:00", "2026-11-23 16:00", id="over lunch"),
        pytest.param("2026-11-23 11:00", "1:30", "2026-11-23 12:30", id="stays on the lunch break's start"),
        pytest.param("2026-11-23 14:00", "4:00", "2026-11-23 18:00", id="stays on closing time"),
        pytest.param("2026-11-23 18:00", "0:01", "2026-11-24 09:01", id="from closing time on"),
        pytest.param("2026-11-23 12:45", "1:00", "2026-11-23 14:30", id="begun at lunch"),
        pytest.param("2026-11-23 06:00", "1:00", "2026-11-23 10:00", id="begun before opening"),
        pytest.param("2026-11-27 17:00", "2:00", "2026-11-30 10:00", id="over the weekend"),
        pytest.param("2026-11-28 23:59", "0:30", "2026-11-30 09:30", id="begun on Saturday"),
        pytest.param("2026-12-24 16:00", "4:00", "2026-12-28 11:00", id="over a holiday and a weekend"),
        pytest.param("2026-12-25 10:00", "1:00", "2026-12-28 10:00", id="begun on a holiday"),
        pytest.param("2026-12-31 17:00", "1:01", "2027-01-04 09:01", id="over New Year"),
        pytest.param(
            "2026-11-23 09:00", "40:00", "2026-11-27 18:00", id="a whole week stays on its last closing"
        ),
        pytest.param("2026-03-27 17:00", "2:00", "2026-03-30 10:00", id="over the change to summer time"),
        pytest.param("2026-10-23 17:00", "2:00", "2026-10-26 10:00", id="over the change to winter time"),
        pytest.param("2026-11-23 10:00", "0:00", "2026-11-23 10:00", id="nothing, while open"),
        pytest.param("2026-11-23 18:00", "0:00", "2026-11-23 18:00", id="nothing, on closing time"),
        pytest.param("2026-11-23 18:01", "0:00", "2026-11-24 09:00", id="nothing, after hours"),
        pytest.param("2026-11-22 12:00", "0:00", "2026-11-23 09:00", id="nothing, on Sunday"),
        pytest.param("2026-11-23 09:00", "2064:00", "2027-11-19 18:00", id="52 weeks but for two holidays"),
    ],
)
def test_add_in_an_office_with_a_lunch_break(start: str, duration: str, due: str) -> None:
    assert BERLIN.add(at(start), hours(duration)) == at(due)


def test_add_returns_utc_and_keeps_microseconds() -> None:
    due = BERLIN.add(datetime(2026, 11, 23, 8, 0, 0, 7, tzinfo=UTC), timedelta(hours=1))
    assert (due, due.tzinfo) == (datetime(2026, 11, 23, 9, 0, 0, 7, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    ("schedule", "start", "duration", "due"),
    [
        pytest.param(
            round_the_week("Europe/Berlin", ["01:00", "05:00"]),
            "2026-03-29T01:00+01:00",
            "3:00",
            "2026-03-29T05:00+02:00",
            id="a night slot has three hours in spring",
        ),
        pytest.param(
            round_the_week("Europe/Berlin", ["01:00", "05:00"]),
            "2026-10-25T01:00+02:00",
            "5:00",
            "2026-10-25T05:00+01:00",
            id="and five in autumn",
        ),
        pytest.param(
            round_the_week("Europe/Berlin", ["02:30", "05:00"]),
            "2026-03-29T00:00+01:00",
            "0:00",
            "2026-03-29T03:00+02:00",
            id="an opening that the clock skips is at the jump",
        ),
        pytest.param(
            round_the_week("Europe/Berlin", ["01:00", "02:30"], ["03:00", "05:00"]),
            "2026-03-29T01:00+01:00",
            "3:00",
            "2026-03-29T05:00+02:00",
            id="a closing that the clock skips is at the jump, and counts nothing twice",
        ),
        pytest.param(
            round_the_week("Europe/Berlin", ["02:15", "02:45"]),
            "2026-03-28T12:00+01:00",
            "0:30",
            "2026-03-30T02:45+02:00",
            id="a slot that the clock skips is no time at all",
        ),
        pytest.param(
            round_the_week("Europe/Berlin", ["02:30", "05:00"]),
            "2026-10-25T00:00+02:00",
            "1:00",
            "2026-10-25T02:30+01:00",
            id="an opening that comes twice is the first",
        ),
        pytest.param(
            round_the_week("Europe/Berlin", ["01:00", "02:30"]),
            "2026-10-25T01:00+02:00",
            "1:31",
            "2026-10-26T01:01+01:00",
            id="a closing that comes twice is the first",
        ),
        pytest.param(
            round_the_week("Australia/Lord_Howe", ["01:00", "03:00"]),
            "2026-10-04T01:00+10:30",
            "1:30",
            "2026-10-04T03:00+11:00",
            id="Lord Howe moves by half an hour",
        ),
        pytest.param(
            round_the_week("America/Sao_Paulo", ["00:00", "01:30"]),
            "2018-11-03T12:00-03:00",
            "0:30",
            "2018-11-04T01:30-02:00",
            id="São Paulo skipped midnight",
        ),
        pytest.param(
            round_the_week("America/Sao_Paulo", ["22:00", "24:00"]),
            "2019-02-16T12:00-02:00",
            "3:00",
            "2019-02-17T00:00-03:00",
            id="and repeated the last hour of the day",
        ),
        pytest.param(
            round_the_week("Africa/Cairo", ["00:00", "02:00"]),
            "2024-04-25T12:00+02:00",
            "1:00",
            "2024-04-26T02:00+03:00",
            id="Cairo skips midnight",
        ),
        pytest.param(
            round_the_week("Asia/Kolkata", ["10:00", "18:00"]),
            "2026-11-23T04:45Z",
            "1:00",
            "2026-11-23T05:45Z",
            id="Kolkata is half an hour off",
        ),
        pytest.param(
            round_the_week("Pacific/Apia", ["09:00", "17:00"]),
            "2011-12-29T16:00-10:00",
            "2:00",
            "2011-12-31T10:00+14:00",
            id="Apia had no 30 December 2011",
        ),
        pytest.param(
            round_the_week("Europe/Berlin", ["00:00", "06:00"], ["22:00", "24:00"]),
            "2026-11-23T23:00+01:00",
            "3:00",
            "2026-11-24T02:00+01:00",
            id="a shift past midnight is two slots",
        ),
        pytest.param(
            round_the_week("Pacific/Auckland", ["09:00", "17:00"]),
            "2026-12-31T19:00Z",
            "8:00",
            "2027-01-01T04:00Z",
            id="a slot open at New Year in UTC",
        ),
    ],
)
def test_add_where_the_clocks_change(schedule: Schedule, start: str, duration: str, due: str) -> None:
    assert schedule.add(datetime.fromisoformat(start), hours(duration)) == datetime.fromisoformat(due)


def test_always_is_wall_clock_over_a_change_of_clocks() -> None:
    start = at("2026-03-28 12:00")
    assert Schedule.always("Europe/Berlin").add(start, timedelta(hours=24)) == at("2026-03-29 13:00")


def test_add_lands_on_new_year() -> None:
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    assert Schedule.always("UTC").add(new_year, timedelta(days=365)) == datetime(2027, 1, 1, tzinfo=UTC)


def test_always_is_closed_on_holidays() -> None:
    schedule = Schedule.always("Europe/Berlin", [date(2026, 12, 25)])
    assert schedule.add(at("2026-12-24 23:00"), timedelta(hours=2)) == at("2026-12-26 01:00")


@pytest.mark.parametrize(
    ("start", "end", "passed"),
    [
        pytest.param("2026-11-23 11:00", "2026-11-23 16:00", "4:00", id="over lunch"),
        pytest.param("2026-11-23 19:00", "2026-11-24 08:00", "0:00", id="by night"),
        pytest.param("2026-11-27 17:00", "2026-11-30 10:00", "2:00", id="over the weekend"),
        pytest.param(
            "2026-01-01 00:00", "2027-01-01 00:00", "2080:00", id="a year: 261 weekdays, one holiday"
        ),
        pytest.param(
            "2024-01-01 00:00", "2027-01-01 00:00", "6264:00", id="three years: 784 weekdays, one holiday"
        ),
    ],
)
def test_elapsed(start: str, end: str, passed: str) -> None:
    assert BERLIN.elapsed(at(start), at(end)) == hours(passed)
    assert BERLIN.elapsed(at(end), at(start)) == -hours(passed)


@pytest.mark.parametrize(
    ("moment", "is_open", "next_opening"),
    [
        ("2026-11-23 08:59", False, "2026-11-23 09:00"),
        ("2026-11-23 09:00", True, "2026-11-23 09:00"),
        ("2026-11-23 12:29", True, "2026-11-23 12:29"),
        ("2026-11-23 12:30", False, "2026-11-23 13:30"),
        ("2026-11-23 18:00", False, "2026-11-24 09:00"),
        ("2026-12-24 20:00", False, "2026-12-28 09:00"),
        ("2026-12-31 18:00", False, "2027-01-04 09:00"),
    ],
)
def test_is_open_and_next_opening(moment: str, is_open: bool, next_opening: str) -> None:
    assert (BERLIN.is_open(at(moment)), BERLIN.next_opening(at(moment))) == (is_open, at(next_opening))


@pytest.mark.parametrize(
    ("start", "days", "closing"),
    [
        pytest.param("2026-11-23 10:00", 0, "2026-11-23 18:00", id="today"),
        pytest.param("2026-11-23 12:45", 0, "2026-11-23 18:00", id="today, at lunch"),
        pytest.param("2026-11-23 18:00", 0, "2026-11-24 18:00", id="today is over"),
        pytest.param("2026-11-28 10:00", 0, "2026-11-30 18:00", id="today is Saturday"),
        pytest.param("2026-11-23 06:00", 1, "2026-11-24 18:00", id="one day, begun before opening"),
        pytest.param("2026-11-23 23:00", 1, "2026-11-24 18:00", id="one day, begun after closing"),
        pytest.param("2026-11-26 10:00", 2, "2026-11-30 18:00", id="two days over a weekend"),
        pytest.param("2026-11-28 10:00", 1, "2026-11-30 18:00", id="one day, begun on Saturday"),
        pytest.param("2026-12-24 10:00", 1, "2026-12-28 18:00", id="one day over a holiday"),
        pytest.param("2026-12-30 10:00", 2, "2027-01-04 18:00", id="two days over New Year"),
        pytest.param("2026-11-23 10:00", 520, "2028-11-22 18:00", id="104 weeks and two holidays"),
    ],
)
def test_close_of_business_day(start: str, days: int, closing: str) -> None:
    assert BERLIN.close_of_business_day(at(start), days) == at(closing)


def test_close_of_business_day_is_midnight_where_always_open() -> None:
    closing = Schedule.always("Europe/Berlin").close_of_business_day(at("2026-11-23 10:00"), 2)
    assert closing == at("2026-11-26 00:00")


def test_close_of_business_day_is_new_year_before_a_year_of_holidays() -> None:
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    schedule = Schedule.always("UTC", [new_year.date() + timedelta(days=day) for day in range(365)])
    assert schedule.close_of_business_day(new_year - timedelta(hours=3), 0) == new_year
    assert schedule.close_of_business_day(new_year - timedelta(hours=3), 1) == datetime(
        2028, 1, 2, tzinfo=UTC
    )


def test_close_of_business_day_skips_the_date_that_never_was() -> None:
    schedule = round_the_week("Pacific/Apia", ["09:00", "17:00"])
    closing = schedule.close_of_business_day(at("2011-12-29 10:00", "Pacific/Apia"), 1)
    assert closing == at("2011-12-31 17:00", "Pacific/Apia")


# Refusals


@pytest.mark.parametrize(
    "ask",
    [
        lambda schedule, naive: schedule.add(naive, timedelta(hours=1)),
        lambda schedule, naive: schedule.elapsed(at("2026-11-23 10:00"), naive),
        lambda schedule, naive: schedule.is_open(naive),
        lambda schedule, naive: schedule.next_opening(naive),
        lambda schedule, naive: schedule.close_of_business_day(naive, 1),
    ],
)
def test_an_instant_without_a_zone_is_refused(ask) -> None:
    with pytest.raises(ScheduleError, match="needs a time zone"):
        ask(BERLIN, datetime(2026, 11, 23, 10))


def test_counting_backwards_is_refused() -> None:
    with pytest.raises(ScheduleError, match="backwards"):
        BERLIN.add(at("2026-11-23 10:00"), -MICROSECOND)
    with pytest.raises(ScheduleError, match="backwards"):
        BERLIN.close_of_business_day(at("2026-11-23 10:00"), -1)


def test_holidays_without_end_are_refused() -> None:
    start = at("2026-12-20 10:00")
    holidays = frozenset(start.date() + timedelta(days=day) for day in range(4100))
    closed = Schedule("Europe/Berlin", BERLIN.week, holidays)
    for ask in (
        lambda: closed.add(start, timedelta(hours=1)),
        lambda: closed.next_opening(start),
        lambda: closed.close_of_business_day(start, 1),
    ):
        with pytest.raises(ScheduleError, match="does not open for 10 years after 2026"):
            ask()
    assert closed.elapsed(start, start + timedelta(days=4000)) == timedelta(0)


def test_holidays_for_years_are_waited_out() -> None:
    start = at("2026-12-20 10:00")
    holidays = frozenset(start.date() + timedelta(days=day) for day in range(3000))
    waiting = Schedule("Europe/Berlin", BERLIN.week, holidays)
    assert waiting.next_opening(start) == at("2035-03-08 09:00")
    assert waiting.close_of_business_day(start, 1) == at("2035-03-08 18:00")


def test_the_end_of_the_calendar_is_refused() -> None:
    with pytest.raises(ScheduleError, match="The year 9999 is beyond any calendar"):
        BERLIN.add(datetime(9998, 12, 31, tzinfo=UTC), timedelta(hours=80))


# A value


def test_schedules_are_values() -> None:
    same = Schedule("Europe/Berlin", tuple(reversed_slots(BERLIN)), BERLIN.holidays)
    assert (same, hash(same)) == (BERLIN, hash(BERLIN))
    assert BERLIN != NEW_YORK
    with pytest.raises(AttributeError):
        BERLIN.zone = "UTC"  # type: ignore[misc]


def reversed_slots(schedule: Schedule) -> list[tuple[Slot, ...]]:
    return [slots[::-1] for slots in schedule.week]


def test_a_schedule_forgets_years_before_they_fill_the_memory() -> None:
    schedule = Schedule("Europe/Berlin", BERLIN.week)
    centuries = [datetime(year, 1, 1, tzinfo=UTC) for year in (1800, 2200)]
    assert schedule.elapsed(*centuries) == timedelta(hours=8) * 400 * 365.2425 * 5 / 7
    assert len(schedule._years) <= 64


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda schedule: pickle.loads(pickle.dumps(schedule))])
def test_schedules_survive_copying(duplicate) -> None:
    BERLIN.is_open(at("2026-11-23 10:00"))
    assert duplicate(BERLIN) == BERLIN
