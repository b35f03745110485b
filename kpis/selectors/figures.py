"""Figures: what measures come to in a scope, at once, by slice and by day. One statement a population."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Aggregate, Count, ExpressionWrapper, FloatField, Sum, Value
from django.db.models.functions import Extract
from django.utils.translation import gettext as _

from kpis.facts import Population
from kpis.measures import Kind, Measure, Part, measure
from kpis.scopes import DAY, Scope
from kpis.selectors.slices import NUMBERS, PERIODS, Slice, UnknownSlice, cut_by, labels_of, periods, spelled

Number = int | Decimal


@dataclass(frozen=True)
class Spread:
    """How long it took: the number of facts, their median and the duration that 90 of 100 do not exceed."""

    count: int
    p50: timedelta | None
    p90: timedelta | None


@dataclass(frozen=True)
class Figure:
    """What a measure comes to.

    `numerator` and `denominator` are what the lists behind them add up to. `value` is the count, the money, the
    share from 0 to 1, the number for each, or the median; None where there is nothing to tell, and `empty` says why.
    """

    measure: Measure
    numerator: Number | None
    denominator: Number | None = None
    spread: Spread | None = None
    cannot_tell: str = ""

    @property
    def value(self) -> int | Decimal | float | timedelta | None:
        kind = self.measure.kind
        if kind is Kind.DURATION:
            return self.spread.p50 if self.spread else None
        if kind in (Kind.RATE, Kind.AVERAGE):
            return None if self.exact is None else float(self.exact)
        return self.numerator

    @property
    def exact(self) -> Fraction | None:
        """The value as an exact number, durations in days."""
        if self.measure.kind is Kind.DURATION:
            return None if not self.spread or self.spread.p50 is None else Fraction(self.spread.p50 / DAY)
        if self.measure.denominator is None:
            return None if self.numerator is None else Fraction(self.numerator)
        if self.numerator is None or not self.denominator:
            return None
        return Fraction(self.numerator) / Fraction(self.denominator)

    @property
    def p50(self) -> timedelta | None:
        return self.spread.p50 if self.spread else None

    @property
    def p90(self) -> timedelta | None:
        return self.spread.p90 if self.spread else None

    @property
    def empty(self) -> str:
        """Why there is no value, in words; empty where there is one."""
        return "" if self.value is not None else self.cannot_tell or str(self.measure.empty)


@dataclass(frozen=True)
class SliceFigures:
    """What several measures come to in one slice."""

    slice: Slice
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class Point:
    """One day, week or month of a series."""

    day: date
    figure: Figure


# --- At once ------------------------------------------------------------------------------------------------


def figures(keys: Iterable[str], scope: Scope, now: datetime) -> dict[str, Figure]:
    """The measures by key, in the order asked for. One statement a population, whatever the number of measures.

    Raises `UnknownMeasure`.
    """
    wanted = [measure(key) for key in dict.fromkeys(keys)]
    read = _Reading(wanted, scope, now)
    return read.figures(wanted, read.totals())


class _Reading:
    """The parts of some measures, read together."""

    def __init__(self, measures: Sequence[Measure], scope: Scope, now: datetime) -> None:
        self.scope, self.now = scope, now
        self.aliases: dict[int, str] = {}
        self.by_population: dict[Population, dict[str, Any]] = {}
        for each in measures:
            for _which, part in each.parts:
                if part.population.can_tell(scope):
                    self._ask(part, each.kind)

    def _ask(self, part: Part, kind: Kind) -> None:
        alias = self.aliases.setdefault(id(part), f"part_{len(self.aliases)}")
        asked = self.by_population.setdefault(part.population, {})
        condition = part.condition(self.scope, self.now) or None
        asked[alias] = Count(Value(1), filter=condition)  # the key stands in few indexes
        if part.amount and kind is Kind.DURATION:
            asked[f"{alias}_spread"] = Percentiles(_seconds(part.amount()), filter=condition)
        elif part.amount:
            asked[alias] = Sum(part.amount(), filter=condition, default=0)
        if kind is Kind.MONEY and self.scope.agreement_id is None:
            currency = f"{part.population.agreement}__currency"
            asked[f"{alias}_currencies"] = Count(currency, filter=condition, distinct=True)

    def totals(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for population, asked in self.by_population.items():
            found |= population.rows(self.scope, self.now).aggregate(**asked)
        return found

    def grouped(self, by: str) -> dict[Any, dict[str, Any]]:
        """The same by slice: the slice's value → totals."""
        found: dict[Any, dict[str, Any]] = {}
        for population, asked in self.by_population.items():
            rows = population.rows(self.scope, self.now)
            values = rows.annotate(slice_value=cut_by(population, by, self.scope)).values("slice_value")
            for row in values.annotate(**asked).order_by():
                found.setdefault(row.pop("slice_value"), {}).update(row)
        return found

    def figures(self, measures: Sequence[Measure], totals: Mapping[str, Any]) -> dict[str, Figure]:
        return {each.key: self.figure(each, totals) for each in measures}

    def figure(self, measure: Measure, totals: Mapping[str, Any]) -> Figure:
        if any(not part.population.can_tell(self.scope) for _, part in measure.parts):
            return Figure(measure, None, cannot_tell=_("Visitors are not told apart by team."))
        if totals.get(f"{self.aliases[id(measure.numerator)]}_currencies", 0) > 1:
            return Figure(measure, None, cannot_tell=_("Agreements of different currencies do not add up."))
        numerator = self._value(measure.numerator, totals)
        denominator = self._value(measure.denominator, totals) if measure.denominator else None
        spread = self._spread(measure, totals) if measure.kind is Kind.DURATION else None
        return Figure(measure, numerator, denominator, spread)

    def _value(self, part: Part, totals: Mapping[str, Any]) -> Number:
        found: Number = totals.get(self.aliases[id(part)], 0)
        return found

    def _spread(self, measure: Measure, totals: Mapping[str, Any]) -> Spread:
        alias = self.aliases[id(measure.numerator)]
        seconds = totals.get(f"{alias}_spread")
        p50, p90 = (timedelta(seconds=each) for each in seconds) if seconds else (None, None)
        return Spread(totals.get(alias, 0), p50, p90)


class Percentiles(Aggregate):
    """The median and the 90th percentile, between the neighbours where they fall between two."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY %(expressions)s)"
    allow_distinct = False

    @property
    def output_field(self) -> Any:
        return ArrayField(FloatField())


def _seconds(amount: Any) -> Any:
    return ExpressionWrapper(Extract(amount, "epoch"), output_field=FloatField())


# --- By slice and by time ------------------------------------------------------------------------------------


def breakdown(key: str, scope: Scope, by: str, now: datetime) -> list[tuple[Slice, Figure]]:
    """A measure by one of its dimensions (`Measure.by`), the largest slice first; slices without a fact are left
    out. Raises `UnknownMeasure`, `UnknownSlice` for a dimension that it does not have.
    """
    return [(row.slice, row.figures[key]) for row in breakdowns([key], scope, by, now)]


def breakdowns(keys: Iterable[str], scope: Scope, by: str, now: datetime) -> list[SliceFigures]:
    """Several measures by the same dimension, in one statement a population. The first decides the order: the largest
    slice first, but numbers as they count.
    """
    wanted = [measure(key) for key in dict.fromkeys(keys)]
    if any(by not in each.by for each in wanted):
        raise UnknownSlice(by)
    read = _Reading(wanted, scope, now)
    grouped = {spelled(value): totals for value, totals in read.grouped(by).items()}
    labels = labels_of(by, grouped, read.by_population, scope)
    rows = [
        SliceFigures(Slice(by, value, labels.get(value, value)), read.figures(wanted, totals))
        for value, totals in grouped.items()
    ]
    told = [row for row in rows if any(_weight(figure) for figure in row.figures.values())]
    if by in NUMBERS:
        return sorted(told, key=lambda row: int(row.slice.value or 0))
    return sorted(told, key=lambda row: (-_weight(row.figures[wanted[0].key]), row.slice.label))


def _weight(figure: Figure) -> Number:
    return figure.denominator or figure.numerator or 0


def series(key: str, scope: Scope, by: str, now: datetime) -> list[Point]:
    """A measure day by day, week by week or month by month, without gaps, up to now.

    A week or month that the scope covers in part counts that part alone. Raises `UnknownMeasure`, `UnknownSlice`.
    """
    [points] = serieses([key], scope, by, now).values()
    return points


def serieses(keys: Iterable[str], scope: Scope, by: str, now: datetime) -> dict[str, list[Point]]:
    """Several measures by key, each like `series`, in one statement a population."""
    if by not in PERIODS:
        raise UnknownSlice(by)
    wanted = [measure(key) for key in dict.fromkeys(keys)]
    read = _Reading(wanted, scope, now)
    grouped, days = read.grouped(by), list(periods(scope, by, now))
    return {
        each.key: [Point(day, read.figure(each, grouped.get(day, {}))) for day in days] for each in wanted
    }
