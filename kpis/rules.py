"""Pace, forecast and judgement of what was promised. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum
from fractions import Fraction
from math import ceil

from agreements.business_time import Schedule
from kpis.scopes import DAY, midnight

TOO_EARLY = Fraction(1, 2)
"""Business days that must have passed before a forecast says anything."""


class State(Enum):
    """How a promise stands.

    Kept: met, or while the period runs on plan. At risk: not on plan, and it can still be met. Missed: it was not
    met, or cannot be any more. Empty: nothing to judge by.
    """

    KEPT = "kept"
    AT_RISK = "at_risk"
    MISSED = "missed"
    EMPTY = "empty"


@dataclass(frozen=True)
class Pace:
    """How much of a period has passed, in business days: a plan asks nothing of a Sunday.

    `passed` counts each business day gone as one, and the present one by the share of its open time gone by.
    """

    days: tuple[date, ...]
    """The business days of the period."""
    passed: Fraction
    is_over: bool

    @property
    def share(self) -> Fraction:
        """From 0 to 1; a period without any business day is done when it is over."""
        if self.is_over or not self.days:
            return Fraction(int(self.is_over))
        return self.passed / len(self.days)

    @property
    def days_left(self) -> int:
        """Business days still to come, the present one included."""
        return 0 if self.is_over else ceil(len(self.days) - self.passed)

    def expected(self, target: Fraction) -> Fraction:
        """What a plan that asks the same of every business day expects by now: target × passed ÷ all."""
        return target * self.share

    def forecast(self, value: Fraction) -> Fraction | None:
        """Where the period ends if the rest goes like what has passed: value × all ÷ passed; None while too little
        has passed to say.
        """
        if self.is_over:
            return value
        return value / self.share if self.passed >= TOO_EARLY else None

    def planned(self, target: Fraction, day: date) -> Fraction:
        """What the plan asks by the end of a day."""
        if not self.days:
            return Fraction(0)
        return target * sum(each <= day for each in self.days) / len(self.days)


def pace_of(schedule: Schedule, zone: tzinfo, days: Iterable[date], at: datetime) -> Pace:
    """The pace of some days at an instant: a business day is one on which the schedule opens at all."""
    business, passed, end = [], Fraction(0), at
    for day in days:
        opens, end = midnight(day, zone), midnight(day + DAY, zone)
        open_for = schedule.elapsed(opens, end)
        if open_for:
            business.append(day)
            gone = schedule.elapsed(opens, min(max(at, opens), end))
            passed += Fraction(gone // _TICK, open_for // _TICK)
    return Pace(tuple(business), passed, is_over=at >= end)


_TICK = timedelta(microseconds=1)


def judge(value: Fraction | None, target: Fraction, pace: Pace, *, at_least: bool, adds_up: bool) -> State:
    """How a promise stands.

    What adds up over the period (leads, money) is measured against the plan by now, in whole leads or units of money,
    as it is said; a rate is as good as it is now, and a ceiling that was broken stays broken.
    """
    if value is None:
        return State.EMPTY
    expected = pace.expected(target) if adds_up else target
    forecast = pace.forecast(value) if adds_up else value
    if adds_up:
        value, target, expected = rounded(value), rounded(target), rounded(expected)
        forecast = None if forecast is None else rounded(forecast)
    if at_least:
        if value >= expected:
            return State.KEPT
        return State.MISSED if pace.is_over else State.AT_RISK
    if value > target:
        return State.MISSED if pace.is_over or adds_up else State.AT_RISK
    return State.AT_RISK if forecast is not None and forecast > target else State.KEPT


def whole(amount: Fraction) -> int:
    """Half a lead is none to a plan: the nearest whole number, halves away from zero."""
    return int(amount + Fraction(1, 2)) if amount >= 0 else -int(-amount + Fraction(1, 2))


def rounded(amount: Fraction, places: int = 0) -> Fraction:
    """To so many decimals, halves away from zero as in `whole`."""
    return Fraction(whole(amount * 10**places), 10**places)


def places_to_tell(value: Fraction, target: Fraction, least: int) -> int:
    """How many decimals, at least `least`, show on which side of the target a value lies.

    94.96 per cent is short of 95, and would be said as 95 with one decimal.
    """
    places = least
    while value != target and rounded(value, places) == rounded(target, places):
        places += 1
    return places


def in_a_row(kept: int, judged: int, target: Fraction) -> int | None:
    """How many of the next must all be kept for a rate to come back to its target; None if none ever will.

    (kept + n) ÷ (judged + n) ≥ target, solved for n.
    """
    missing = target * judged - kept
    if missing <= 0:
        return 0
    return ceil(missing / (1 - target)) if target < 1 else None
