"""Business time: when a promise made in working hours falls due, and how much of it has run.

Pure Python. Instants go in as aware datetimes and come out in UTC; what cannot be answered raises
`ScheduleError`.

Business time is the real time that passes while the doors are open, so a slot that spans a change of the
clocks is longer or shorter that day. Slots open and close when the wall clock first reaches their edge: in
the repeated hour of autumn its first occurrence, in the skipped hour of spring the jump itself
(docs/decisions/0003-business-time.md).

A schedule is unfolded once for each UTC year into sorted openings with running totals; after that `add` and
`elapsed` are binary searches, whatever the duration.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agreements.opening_hours import (
    FULL_DAY,
    MINUTES_A_DAY,
    WEEKDAYS,
    Calendar,
    ScheduleError,
    Slot,
    Week,
    checked_week,
)
from agreements.worded import gettext_noop

__all__ = ["IDLE_YEARS", "Schedule", "ScheduleError", "Slot"]

IDLE_YEARS = 10
"""A schedule that stays closed for so many years is taken never to open again."""

_CACHED_YEARS = 64
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = MINUTES_A_DAY * _MINUTE
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()

_Stretch = tuple[int, int]


class _Year(NamedTuple):
    """The open time in one UTC year: sorted stretches clipped to it. Instants are microseconds since 1970."""

    opens: array[int]
    before: array[int]
    """The year's open time before each stretch and, last of all, its total."""
    closings: array[int]
    """The closing instant of each working day."""

    @property
    def total(self) -> int:
        return self.before[-1]

    def is_open(self, at: int) -> bool:
        index = bisect_right(self.opens, at)
        return index > 0 and at - self.opens[index - 1] < self.before[index] - self.before[index - 1]

    def open_before(self, at: int) -> int:
        index = bisect_right(self.opens, at)
        return min(self.before[index - 1] + at - self.opens[index - 1], self.before[index]) if index else 0

    def instant(self, worked: int) -> int:
        """The first instant by which `worked` has passed, so closing time rather than the next opening.

        Needs 0 < worked ≤ total.
        """
        index = bisect_left(self.before, worked) - 1
        return self.opens[index] + worked - self.before[index]


@dataclass(frozen=True)
class Schedule:
    """Opening hours: a time zone, the slots of each weekday from Monday, and dates that are closed all day.

    Immutable, hashable, equal by value. A year is unfolded (in about a millisecond) when first asked about
    and kept with the instance: keep the instance. Raises `ScheduleError` for an unknown zone and for slots
    that make no sense.
    """

    zone: str
    week: Week
    holidays: frozenset[date] = frozenset()
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)
    _closed: frozenset[int] = field(init=False, repr=False, compare=False)
    _years: dict[int, _Year] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        derived = {
            "week": checked_week(self.week),
            "holidays": frozenset(self.holidays),
            "_zone": _zone_info(self.zone),
            "_closed": frozenset(day.toordinal() for day in self.holidays),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[type[Schedule], tuple[object, ...]]:
        return Schedule, (self.zone, self.week, self.holidays)

    @classmethod
    def always(cls, zone: str, holidays: Iterable[date] = ()) -> Schedule:
        """Open round the clock, every day that is no holiday."""
        return cls(zone, ((FULL_DAY,),) * len(WEEKDAYS), frozenset(holidays))

    @classmethod
    def from_dict(cls, data: object) -> Schedule:
        """Read the JSON form. Raises `ScheduleError`, in words.

            {"zone": "Europe/Berlin",
             "week": {"mon": [["09:00", "12:30"], ["13:30", "18:00"]], "sat": [["10:00", "24:00"]]},
             "holidays": ["2026-12-25"]}

        or `{"zone": "Europe/Berlin", "always": true}`. Weekdays and holidays may be left out.
        """
        return cls(*Calendar.from_dict(data))

    def to_dict(self) -> dict[str, object]:
        """The JSON form, the same for equal schedules: open weekdays only, holidays in order."""
        return Calendar(self.zone, self.week, self.holidays).to_dict()

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """The instant at which `duration` of business time has passed since `start`.

        One that falls exactly on closing time stays there; a start outside hours counts from the next
        opening. Adding nothing leaves a start within hours or on closing time where it is and moves any other
        to the next opening, so that `add(add(s, a), b) == add(s, a + b)` without exception.
        Raises `ScheduleError` for a negative duration and where nothing opens for `IDLE_YEARS`.
        """
        left = duration // _MICROSECOND
        if left < 0:
            raise ScheduleError(gettext_noop("Business time cannot be added backwards."))
        at, year = _split(start)
        if not left:
            return _instant(at) if self._is_within(at) else self.next_opening(start)
        table = self._year(year)
        left += table.open_before(at)
        while left > table.total:
            left -= table.total
            year, table = self._next_year(year)
        return _instant(table.instant(left))

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """The business time between two instants; negative where `end` lies before `start`."""
        at, first = _split(start)
        until, last = _split(end)
        if until < at:
            return -self.elapsed(end, start)
        passed = self._year(last).open_before(until) - self._year(first).open_before(at)
        passed += sum(self._year(year).total for year in range(first, last))
        return timedelta(microseconds=passed)

    def is_open(self, at: datetime) -> bool:
        """Whether the doors are open: from the opening instant on, no longer at the closing instant."""
        micros, year = _split(at)
        return self._year(year).is_open(micros)

    def next_opening(self, at: datetime) -> datetime:
        """`at` itself while open, else the next opening.

        Raises `ScheduleError` where nothing opens for `IDLE_YEARS`.
        """
        micros, year = _split(at)
        table = self._year(year)
        if table.is_open(micros):
            return _instant(micros)
        index = bisect_left(table.opens, micros)
        if index == len(table.opens):
            index, (_, table) = 0, self._next_year(year)
        return _instant(table.opens[index])

    def close_of_business_day(self, start: datetime, days: int) -> datetime:
        """The closing instant of the `days`-th working day after the local date of `start`.

        That date itself is never counted. With no days, its own closing where that is still to come, else
        that of the next working day. A working day is a local date with any open time; one open to 24:00
        closes at midnight.
        Raises `ScheduleError` for negative days and where nothing opens for `IDLE_YEARS`.
        """
        if days < 0:
            raise ScheduleError(gettext_noop("Business days cannot be counted backwards."))
        mark, year = _split(start)
        if days:
            tomorrow = start.astimezone(self._zone).toordinal() + 1
            mark, year = _split(_instant(_edge(self._zone, tomorrow, 0)))
        table = self._year(year)
        index = bisect_right(table.closings, mark) + max(days - 1, 0)
        while index >= len(table.closings):
            index -= len(table.closings)
            year, table = self._next_year(year)
        return _instant(table.closings[index])

    def _is_within(self, at: int) -> bool:
        """Whether `at` lies within hours, the closing instant included."""
        return any(self._year(_instant(micros).year).is_open(micros) for micros in (at, at - 1))

    def _next_year(self, year: int) -> tuple[int, _Year]:
        """The next year that opens at all."""
        for later in range(year + 1, year + 1 + IDLE_YEARS):
            table = self._year(later)
            if table.total:
                return later, table
        raise ScheduleError(
            gettext_noop(
                "The calendar does not open for %(years)s years after %(year)s: look at its holidays."
            ),
            years=IDLE_YEARS,
            year=year,
        )

    def _year(self, year: int) -> _Year:
        table = self._years.get(year)
        if table is None:
            if len(self._years) >= _CACHED_YEARS:
                self._years.clear()
            table = self._years[year] = self._unfold(year)
        return table

    def _unfold(self, year: int) -> _Year:
        if not MINYEAR < year < MAXYEAR:
            raise ScheduleError(gettext_noop("The year %(year)s is beyond any calendar."), year=year)
        first, last = ((date(edge, 1, 1).toordinal() - _EPOCH_ORDINAL) * _DAY for edge in (year, year + 1))
        table = _Year(array("q"), array("q", [0]), array("q"))
        for stretches in self._days(year):
            for opens, closes in stretches:
                start, stop = max(opens, first), min(closes, last)
                if start < stop:
                    table.opens.append(start)
                    table.before.append(table.before[-1] + stop - start)
            if first < stretches[-1][1] <= last:
                table.closings.append(stretches[-1][1])
        return table

    def _days(self, year: int) -> Iterator[list[_Stretch]]:
        """The stretches of each working day that may touch the UTC year."""
        eve = date(year, 1, 1).toordinal() - 1
        for ordinal, offset in enumerate(_offsets(self._zone, year), eve):
            slots = () if ordinal in self._closed else self.week[(ordinal - 1) % 7]
            stretches = self._stretches(ordinal, slots, offset)
            if stretches:
                yield stretches

    def _stretches(self, ordinal: int, slots: tuple[Slot, ...], offset: int | None) -> list[_Stretch]:
        if offset is not None:
            midnight = (ordinal - _EPOCH_ORDINAL) * _DAY - offset
            return [(midnight + opens * _MINUTE, midnight + closes * _MINUTE) for opens, closes in slots]
        edges = [tuple(_edge(self._zone, ordinal, minute) for minute in slot) for slot in slots]
        return [(opens, closes) for opens, closes in edges if opens < closes]


@lru_cache(maxsize=256)
def _offsets(zone: ZoneInfo, year: int) -> tuple[int | None, ...]:
    """The offset from UTC of each local date, from the last of the year before to the first of the next.

    None for a date on which it changes: the edges of its slots are found one by one.
    """
    eve, end = date(year, 1, 1).toordinal() - 1, date(year + 1, 1, 1).toordinal()
    midnights = [_offset(zone, ordinal, 0) for ordinal in range(eve, end + 2)]
    return tuple(offset if offset == later else None for offset, later in pairwise(midnights))


def _offset(zone: ZoneInfo, ordinal: int, minute: int, fold: int = 0) -> int:
    days, minute = divmod(minute, MINUTES_A_DAY)
    clock = time(*divmod(minute, 60), fold=fold)
    offset = datetime.combine(date.fromordinal(ordinal + days), clock, zone).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND


def _edge(zone: ZoneInfo, ordinal: int, minute: int) -> int:
    """The instant at which the wall clock first reaches `minute` of a date, or jumps over it."""
    wall = (ordinal - _EPOCH_ORDINAL) * _DAY + minute * _MINUTE
    offset, later = _offset(zone, ordinal, minute), _offset(zone, ordinal, minute, fold=1)
    return wall - offset if offset >= later else _jump(zone, wall, offset, later)


def _jump(zone: ZoneInfo, wall: int, offset: int, later: int) -> int:
    """The instant at which the clock, going from one offset to a later one, jumps over the time `wall`."""
    seconds = range((wall - later) // _SECOND, (wall - offset) // _SECOND)

    def has_jumped(second: int) -> bool:
        changed = datetime.fromtimestamp(second, zone).utcoffset()
        return changed is not None and changed // _MICROSECOND != offset

    return (seconds.start + bisect_left(seconds, True, key=has_jumped)) * _SECOND


def _split(at: datetime) -> tuple[int, int]:
    """An aware datetime as microseconds since 1970 and its UTC year."""
    if at.utcoffset() is None:
        raise ScheduleError(gettext_noop("An instant needs a time zone: %(at)s has none."), at=at)
    at = at.astimezone(UTC)
    return (at - _EPOCH) // _MICROSECOND, at.year


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _zone_info(key: str) -> ZoneInfo:
    try:
        return ZoneInfo(key)
    except (KeyError, ValueError, OSError):
        raise ScheduleError(
            gettext_noop("“%(zone)s” is not a time zone: write for example “Europe/Berlin” or “UTC”."),
            zone=key,
        ) from None
