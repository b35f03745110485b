"""From a calendar's revision to the schedule that the arithmetic of business time works with."""

import json
import warnings
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from agreements.business_time import Schedule

if TYPE_CHECKING:
    from agreements.models import CalendarRevision

YEARS_BACK, YEARS_AHEAD = 15, 15
"""How far around a revision's making its public holidays are known: imports reach back, deadlines ahead."""


def schedule_of(revision: "CalendarRevision") -> Schedule:
    """The revision's opening hours without its public holidays and own dates off.

    Kept per process for equal revisions, so that a year is unfolded once. Raises `ScheduleError`, in words.
    """
    return _schedule(
        revision.zone,
        json.dumps(None if revision.always_open else revision.week),
        revision.country,
        revision.region,
        tuple(revision.closed_on),
        revision.created_at.year,
    )


@lru_cache(maxsize=256)
def _schedule(
    zone: str, week: str, country: str, region: str, closed_on: tuple[str, ...], year: int
) -> Schedule:
    hours = {"always": True} if week == "null" else {"week": json.loads(week)}
    own = Schedule.from_dict({"zone": zone, **hours, "holidays": list(closed_on)})
    return Schedule(own.zone, own.week, own.holidays | frozenset(public_holidays(country, region, year)))


def public_holidays(country: str, region: str, year: int) -> Iterator[date]:
    """The public holidays around a year; none without a country.

    Those that follow the moon are settled for fewer years: the further ones are working days until a later
    release of `holidays` knows them. Raises `NotImplementedError` for one unknown.
    """
    if country:
        import holidays  # 100 ms and some megabytes: only who needs it pays

        years = range(year - YEARS_BACK, year + YEARS_AHEAD + 1)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*available only from", category=UserWarning)
            known = holidays.country_holidays(country, subdiv=region or None, years=years)
        yield from known
