"""Spans of time as people write them in an agreement: “4 business hours”, “2 business days”, “24 hours”."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from agreements.business_time import Schedule
from agreements.worded import WordedError, gettext_noop

MAX_AMOUNT = 10_000

_WRITTEN = re.compile(r"\s*([0-9]{1,9})\s+((?:business\s+)?(?:minute|hour|day))s?\s*", re.IGNORECASE)


class SpanError(WordedError):
    """The text or the amount is no span of time."""


class Unit(Enum):
    """What a span counts in: business units by a schedule, the others by the clock (a day is 24 hours)."""

    BUSINESS_MINUTE = "business minute"
    BUSINESS_HOUR = "business hour"
    BUSINESS_DAY = "business day"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


_ROUND_THE_CLOCK = Schedule.always("UTC")
_LENGTHS = {
    Unit.BUSINESS_MINUTE: timedelta(minutes=1),
    Unit.BUSINESS_HOUR: timedelta(hours=1),
    Unit.MINUTE: timedelta(minutes=1),
    Unit.HOUR: timedelta(hours=1),
    Unit.DAY: timedelta(days=1),
}


@dataclass(frozen=True)
class Span:
    """So many of a unit, from 0 to `MAX_AMOUNT`. Raises `SpanError` beyond."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= MAX_AMOUNT:
            raise SpanError(
                gettext_noop("“%(span)s” is out of range: a span counts from 0 to %(most)s."),
                span=self,
                most=MAX_AMOUNT,
            )

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.value}{'' if self.amount == 1 else 's'}"

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read “4 business hours”, singular or plural, in any case and spacing. Raises `SpanError`."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise SpanError(
                gettext_noop(
                    "“%(text)s” is not a time span: "
                    "write for example “4 business hours”, “2 business days” or “24 hours”."
                ),
                text=text,
            )
        return cls(int(match[1]), Unit(" ".join(match[2].lower().split())))

    def due(self, schedule: Schedule, start: datetime) -> datetime:
        """The UTC instant at which the span, begun at the aware instant `start`, is over.

        Business minutes and hours are added by `schedule`, business days end at its closing time (see
        `Schedule.close_of_business_day`), and the others pass whatever the schedule. Raises `ScheduleError`.
        """
        if self.unit is Unit.BUSINESS_DAY:
            return schedule.close_of_business_day(start, self.amount)
        in_business = self.unit in (Unit.BUSINESS_MINUTE, Unit.BUSINESS_HOUR)
        hours = schedule if in_business else _ROUND_THE_CLOCK
        return hours.add(start, self.amount * _LENGTHS[self.unit])
