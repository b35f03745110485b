"""What a figure is asked for: a stretch of days in one zone, and whose leads. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from fractions import Fraction

DAY = timedelta(days=1)
ALL = "all"
"""How an address asks for the leads of every agreement."""
YEARS = range(1990, 2201)
"""Of which figures can be asked for: at the ends of the calendar a day has no midnight in every zone."""


@dataclass(frozen=True)
class Scope:
    """Days from `starts_on` to `ends_on`, both included, as `zone` has them.

    `agreement_id`, `team_id` and `source` narrow it; None leaves all in. A source of "" is that of leads
    without one.
    """

    starts_on: date
    ends_on: date
    zone: tzinfo
    agreement_id: int | None = None
    team_id: int | None = None
    source: str | None = None

    @classmethod
    def month(
        cls,
        day: date,
        zone: tzinfo,
        *,
        agreement_id: int | None = None,
        team_id: int | None = None,
        source: str | None = None,
    ) -> "Scope":
        """The calendar month that a day lies in."""
        return cls(first_of_month(day), last_of_month(day), zone, agreement_id, team_id, source)

    @property
    def start(self) -> datetime:
        """The first instant, in UTC."""
        return midnight(self.starts_on, self.zone)

    @property
    def end(self) -> datetime:
        """The instant after the last, in UTC."""
        return midnight(self.ends_on + DAY, self.zone)

    @property
    def days(self) -> list[date]:
        return [self.starts_on + DAY * number for number in range((self.ends_on - self.starts_on).days + 1)]

    @property
    def months(self) -> Fraction:
        """How many months it covers; of a month in part, the share of its days."""
        return sum((share for _, share in self._months()), Fraction(0))

    @property
    def is_month(self) -> bool:
        return self.starts_on.day == 1 and self.ends_on == last_of_month(self.starts_on)

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves out leads of the agreement: what was promised for all holds not for a part."""
        return self.team_id is not None or self.source is not None

    @property
    def previous(self) -> "Scope":
        """The month before a month; else as many days before."""
        before = self.starts_on - DAY
        first = first_of_month(before) if self.is_month else self.starts_on - len(self.days) * DAY
        return replace(self, starts_on=first, ends_on=before)

    def between(self, starts_on: date, ends_on: date) -> "Scope":
        """Other days of the same leads."""
        return replace(self, starts_on=starts_on, ends_on=ends_on)

    def _months(self) -> Iterator[tuple[date, Fraction]]:
        first = first_of_month(self.starts_on)
        while first <= self.ends_on:
            last = last_of_month(first)
            covered = min(last, self.ends_on) - max(first, self.starts_on) + DAY
            yield first, Fraction(covered.days, last.day)
            first = last + DAY


def midnight(day: date, zone: tzinfo) -> datetime:
    """The instant, in UTC, at which a day begins in a zone; where the clock jumps over midnight, the jump."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def first_of_month(day: date) -> date:
    return day.replace(day=1)


def last_of_month(day: date) -> date:
    return first_of_month(first_of_month(day) + 31 * DAY) - DAY
