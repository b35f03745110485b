"""Opening hours as people write them: the slots of a week, and the JSON form of a calendar.

Pure Python. Reads, checks and writes; `agreements.business_time` does the arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from agreements.worded import Term, WordedError, gettext_noop

MINUTES_A_DAY = 24 * 60
WEEKDAYS = {
    "mon": Term(gettext_noop("Monday")),
    "tue": Term(gettext_noop("Tuesday")),
    "wed": Term(gettext_noop("Wednesday")),
    "thu": Term(gettext_noop("Thursday")),
    "fri": Term(gettext_noop("Friday")),
    "sat": Term(gettext_noop("Saturday")),
    "sun": Term(gettext_noop("Sunday")),
}
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])|24:00")


class ScheduleError(WordedError):
    """The schedule is malformed, or is asked for an instant that it does not have."""


class Slot(NamedTuple):
    """One stretch of opening in a day, in minutes after local midnight: 0 ≤ opens < closes ≤ 1440 (24:00)."""

    opens: int
    closes: int

    def __str__(self) -> str:
        return "–".join(self.as_clock())

    def as_clock(self) -> list[str]:
        """`["09:00", "12:30"]`"""
        return [f"{minute // 60:02}:{minute % 60:02}" for minute in self]


FULL_DAY = Slot(0, MINUTES_A_DAY)

Week: TypeAlias = tuple[tuple[Slot, ...], ...]
"""The slots of each day, Monday first."""


def checked_week(week: Iterable[Iterable[Slot]]) -> Week:
    """The seven days with their slots in order.

    Raises `ScheduleError` unless there are seven, with at least one slot, each closing after it opens, none
    overlapping.
    """
    days = tuple(tuple(sorted(Slot(*slot) for slot in slots)) for slots in week)
    if len(days) != len(WEEKDAYS):
        raise ScheduleError(gettext_noop("A week has seven days, from Monday to Sunday."))
    for name, slots in zip(WEEKDAYS.values(), days, strict=True):
        _check_day(name, slots)
    if not any(days):
        raise ScheduleError(gettext_noop("The calendar never opens: give at least one day opening hours."))
    return days


def _check_day(day: Term, slots: tuple[Slot, ...]) -> None:
    for slot in slots:
        if not 0 <= slot.opens < slot.closes <= MINUTES_A_DAY:
            raise ScheduleError(
                gettext_noop(
                    "%(day)s: %(slot)s does not close after it opens. "
                    "A shift past midnight is two slots: one up to 24:00, one from 00:00 of the next day."
                ),
                day=day,
                slot=slot,
            )
    for earlier, later in pairwise(slots):
        if later.opens < earlier.closes:
            raise ScheduleError(
                gettext_noop("%(day)s: %(earlier)s and %(later)s overlap."),
                day=day,
                earlier=earlier,
                later=later,
            )


class Calendar(NamedTuple):
    """What the JSON form says: the arguments of a `Schedule`."""

    zone: str
    week: Week
    holidays: frozenset[date]

    @classmethod
    def from_dict(cls, data: object) -> Calendar:
        """Read the JSON form; see `Schedule.from_dict`. Raises `ScheduleError`."""
        if not isinstance(data, Mapping):
            raise ScheduleError(gettext_noop("A calendar is an object with “zone”, “week” and “holidays”."))
        _refuse_unknown(data, ["zone", "week", "always", "holidays"])
        zone, always = data.get("zone"), data.get("always", False)
        if not isinstance(zone, str):
            raise ScheduleError(gettext_noop("The calendar needs a time zone, for example “Europe/Berlin”."))
        if not isinstance(always, bool) or always is ("week" in data):
            raise ScheduleError(gettext_noop("The calendar needs either a “week” or “always”: true."))
        week = ((FULL_DAY,),) * len(WEEKDAYS) if always else _parse_week(data["week"])
        return cls(zone, week, frozenset(_parse_dates(data.get("holidays", []))))

    def to_dict(self) -> dict[str, object]:
        """Write the JSON form; see `Schedule.to_dict`."""
        holidays = [day.isoformat() for day in sorted(self.holidays)]
        if all(slots == (FULL_DAY,) for slots in self.week):
            return {"zone": self.zone, "always": True, "holidays": holidays}
        days = zip(WEEKDAYS, self.week, strict=True)
        week = {key: [slot.as_clock() for slot in slots] for key, slots in days if slots}
        return {"zone": self.zone, "week": week, "holidays": holidays}


def _refuse_unknown(data: Mapping[object, object], known: Collection[str]) -> None:
    for key in data:
        if key not in known:
            raise ScheduleError(
                gettext_noop("“%(key)s” means nothing in a calendar here; known are %(known)s."),
                key=key,
                known=", ".join(known),
            )


def _parse_week(week: object) -> Week:
    if not isinstance(week, Mapping):
        raise ScheduleError(
            gettext_noop("“week” is an object from weekdays (“mon” to “sun”) to lists of slots.")
        )
    _refuse_unknown(week, WEEKDAYS)
    return tuple(tuple(_parse_slots(name, week.get(key, []))) for key, name in WEEKDAYS.items())


def _parse_slots(day: Term, slots: object) -> Iterator[Slot]:
    if not isinstance(slots, list):
        raise ScheduleError(
            gettext_noop("%(day)s: give a list of slots such as [[“09:00”, “12:30”]]."), day=day
        )
    for slot in slots:
        if not isinstance(slot, list) or len(slot) != 2:
            raise ScheduleError(
                gettext_noop("%(day)s: a slot is a pair such as [“09:00”, “12:30”]."), day=day
            )
        yield Slot(*(_parse_clock(day, text) for text in slot))


def _parse_clock(day: Term, text: object) -> int:
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ScheduleError(
            gettext_noop("%(day)s: “%(time)s” is not a time of day from 00:00 to 24:00."), day=day, time=text
        )
    return int(match[1]) * 60 + int(match[2]) if match[1] else MINUTES_A_DAY


def _parse_dates(dates: object) -> Iterator[date]:
    if not isinstance(dates, list):
        raise ScheduleError(gettext_noop("“holidays” is a list of dates such as “2026-12-25”."))
    for text in dates:
        try:
            yield date.fromisoformat(text)
        except (TypeError, ValueError):
            raise ScheduleError(
                gettext_noop("“%(date)s” is not a date: write for example “2026-12-25”."), date=text
            ) from None
