"""What a measure is: words, and one or two parts that count facts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.roles import Side
from kpis.facts import Population
from kpis.scopes import Scope

Words = str | Promise
Which = Literal["numerator", "denominator"]
Where = Callable[[Scope, datetime], Q]
"""A condition that depends on what is asked for, and when."""

NOTHING = _("Nothing to count yet.")


class Kind(Enum):
    """What the value of a measure is.

    A count, or the sum of counts; a share from 0 to 1; money in the agreement's currency; a duration, of which the
    median and the 90th percentile are told; a number for each, such as attempts for each lead.
    """

    COUNT = "count"
    RATE = "rate"
    MONEY = "money"
    DURATION = "duration"
    AVERAGE = "average"


@dataclass(frozen=True, eq=False)
class Part:
    """A set of facts: those of a population that meet a condition.

    With an `amount` (an expression on the fact) the part is its sum, or its percentiles, else the number of facts.
    """

    population: Population
    where: Sequence[Q | Where] = ()
    amount: Callable[[], Any] | None = None

    def condition(self, scope: Scope, now: datetime) -> Q:
        """What a fact of the population must meet; an empty `Q` where every fact counts."""
        met = Q()
        for each in self.where:
            met &= each if isinstance(each, Q) else each(scope, now)
        return met


@dataclass(frozen=True, eq=False)
class Measure:
    """`empty` is what is said where there is nothing to count: no rate is 0 % of nothing."""

    key: str
    label: Words
    words: Words
    kind: Kind
    numerator: Part
    denominator: Part | None = None
    side: Side | None = None
    empty: Words = NOTHING
    less_is_better: bool = False
    by: tuple[str, ...] = ("source", "person", "team")
    """What it may be broken down by."""

    def part(self, which: Which) -> Part:
        """Raises `LookupError` for a denominator that the measure does not have."""
        found = self.numerator if which == "numerator" else self.denominator
        if found is None:
            raise LookupError(f"{self.key} has no {which}")
        return found

    @property
    def parts(self) -> list[tuple[Which, Part]]:
        both: list[tuple[Which, Part | None]] = [
            ("numerator", self.numerator),
            ("denominator", self.denominator),
        ]
        return [(which, part) for which, part in both if part is not None]
