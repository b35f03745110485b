"""Business-time `add` beside pandas' `CustomBusinessHour`: the same office, the same starts, the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter
from typing import Protocol, TypeVar

from agreements.business_time import Schedule

ZONE = "Europe/Berlin"
HOLIDAYS = [date(2026, 12, 25), date(2027, 1, 1)]
OFFICE = {
    "zone": ZONE,
    "week": {day: [["09:00", "12:30"], ["13:30", "18:00"]] for day in ["mon", "tue", "wed", "thu", "fri"]},
    "holidays": [day.isoformat() for day in HOLIDAYS],
}
STARTS = [datetime(2026, 1, 1, 0, 7, tzinfo=UTC) + timedelta(hours=23) * number for number in range(380)]
ROUNDS = 7
TARGET = 15

T = TypeVar("T")


class Output(Protocol):
    def write(self, text: str, /) -> object: ...


def run(stdout: Output) -> None:
    """Print microseconds per `add` of 4 and of 40 hours, ours and pandas', and how many times faster ours is.

    Each figure is the best of some rounds over a year of starts, by day and night, on workdays and holidays.
    Where pandas, a development dependency, is not installed, ours are printed alone.
    """
    has_pandas = find_spec("pandas") is not None
    schedule = Schedule.from_dict(OFFICE)
    stdout.write(
        f"business-time add, {len(STARTS)} starts, best of {ROUNDS} rounds (target: {TARGET}x pandas)\n"
    )
    if not has_pandas:
        stdout.write("pandas is not installed: it is a development dependency; ours stand alone\n")
    for hours in (4, 40):
        ours = _ours(schedule, hours)
        line = f"{hours:>3} h  ours {ours:6.2f} µs"
        if has_pandas:
            theirs = _pandas(hours)
            line += f"  pandas {theirs:7.2f} µs  ratio {theirs / ours:5.1f}x"
        stdout.write(line + "\n")


def _ours(schedule: Schedule, hours: int) -> float:
    duration = timedelta(hours=hours)
    return _microseconds_each(lambda start: schedule.add(start, duration), STARTS)


def _pandas(hours: int) -> float:
    pandas = import_module("pandas")
    offset = pandas.offsets.CustomBusinessHour(
        hours, start=["09:00", "13:30"], end=["12:30", "18:00"], holidays=HOLIDAYS
    )
    starts = [pandas.Timestamp(start).tz_convert(ZONE) for start in STARTS]
    return _microseconds_each(lambda start: start + offset, starts)


def _microseconds_each(act: Callable[[T], object], inputs: Sequence[T]) -> float:
    best = min(_seconds(act, inputs) for _ in range(ROUNDS))
    return best / len(inputs) * 1_000_000


def _seconds(act: Callable[[T], object], inputs: Sequence[T]) -> float:
    begun = perf_counter()
    for each in inputs:
        act(each)
    return perf_counter() - begun
