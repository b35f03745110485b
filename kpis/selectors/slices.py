"""How a scope is cut: by a dimension of the facts, or into days, weeks and months."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import DateField, DateTimeField, ExpressionWrapper, F, Max, Q
from django.db.models.functions import Cast, Trunc
from django.utils.translation import gettext as _

from accounts.models import Team, User
from accounts.rules import whole_number
from agreements.models import Agreement
from agreements.selectors import ClauseRef, cite
from handoffs.models import Channel, DeadlineKind, Outcome
from kpis import facts
from kpis.facts import Population
from kpis.scopes import DAY, YEARS, Scope, first_of_month, last_of_month, midnight

PERIODS = ("day", "week", "month")
OF_ROWS = ("person", "team", "agreement")
"""Dimensions whose value is the id of a row."""
NUMBERS = ("tries", "number")
"""Dimensions whose value is a small number."""
CHOICES = {"kind": DeadlineKind, "channel": Channel, "outcome": Outcome}
CITED = ("clause", "reason", "trigger")
"""Dimensions whose value is the key of a clause."""


@dataclass(frozen=True)
class Slice:
    """A part of a scope: `by` a dimension or a period, and the `value` there, as addresses carry it.

    An empty value stands for facts that have none, such as leads without a source. Of a day, a week or a month the
    value is its first day, ISO 8601.
    """

    by: str
    value: str
    label: str = ""


class UnknownSlice(LookupError):
    """These facts cannot be cut like that."""


# --- In the database ----------------------------------------------------------------------------------------


def cut_by(population: Population, by: str, scope: Scope) -> Any:
    """The expression that tells in which slice a fact lies. Raises `UnknownSlice`."""
    if by in PERIODS:
        return _period(population, by, scope)
    path = population.path(by)
    if not path:
        raise UnknownSlice(by)
    return F(path)


def _period(population: Population, by: str, scope: Scope) -> Any:
    if population is facts.TRAFFIC:
        return Trunc(population.at, by, output_field=DateField())
    at: Any = F(population.at)
    if population.shift:
        at = ExpressionWrapper(at + population.shift, output_field=DateTimeField())
    return Cast(Trunc(at, by, tzinfo=scope.zone, output_field=DateTimeField()), DateField())


def lies_in(population: Population, cut: Slice, scope: Scope) -> Q:
    """The condition on the facts of a slice. Raises `UnknownSlice`, for a value that makes no sense, too."""
    if cut.by in PERIODS:
        return _lies_in_period(population, cut, scope)
    path = population.path(cut.by)
    if not path:
        raise UnknownSlice(cut.by)
    if cut.by not in (*OF_ROWS, *NUMBERS):
        return Q((path, cut.value))
    if not cut.value:
        return Q((f"{path}__isnull", True))
    number = whole_number(cut.value)
    if number is None:
        raise UnknownSlice(cut.value)
    return Q((path, number))


def _lies_in_period(population: Population, cut: Slice, scope: Scope) -> Q:
    first, last = period_of(cut)
    if population is facts.TRAFFIC:
        return Q(day__gte=first, day__lte=last)
    start = midnight(first, scope.zone) - population.shift
    end = midnight(last + DAY, scope.zone) - population.shift
    return Q((f"{population.at}__gte", start), (f"{population.at}__lt", end))


def period_of(cut: Slice) -> tuple[date, date]:
    """The first and last day of a day, week or month. Raises `UnknownSlice`."""
    day = _day(cut.value)
    if cut.by == "day":
        return day, day
    if cut.by == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    return first_of_month(day), last_of_month(day)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UnknownSlice(text) from None
    if day.year not in YEARS:
        raise UnknownSlice(text)
    return day


def periods(scope: Scope, by: str, now: datetime) -> Iterator[date]:
    """The first day of each day, week or month that the scope touches and that has begun by now."""
    until = min(scope.ends_on, now.astimezone(scope.zone).date())
    day, _last = period_of(Slice(by, scope.starts_on.isoformat()))
    while day <= until:
        yield day
        _first, last = period_of(Slice(by, day.isoformat()))
        day = last + DAY


# --- In words -----------------------------------------------------------------------------------------------


def spelled(value: Any) -> str:
    """A slice's value as addresses carry it."""
    return "" if value is None else str(value)


def labels_of(
    by: str, values: Collection[str], populations: Collection[Population], scope: Scope
) -> dict[str, str]:
    """What people call the slices; at most one query for names, one for the clauses."""
    if by in OF_ROWS:
        return {"": _nobody(by)} | _names(by, values)
    if by in CHOICES:
        return {value: str(CHOICES[by](value).label) if value in CHOICES[by] else value for value in values}
    if by in CITED:
        return _titles(by, values, populations, scope)
    return {"": str(_("Not known"))} if by == "source" else {}


def _nobody(by: str) -> str:
    return {"person": _("Nobody"), "team": _("No team")}.get(by, _("No agreement"))


def _names(by: str, values: Collection[str]) -> dict[str, str]:
    ids = [int(value) for value in values if value]
    if not ids:
        return {}
    model: Any = {"person": User, "team": Team, "agreement": Agreement}[by]
    return {str(row.pk): str(row) for row in model.objects.filter(pk__in=ids).order_by()}


def _titles(
    by: str, values: Collection[str], populations: Collection[Population], scope: Scope
) -> dict[str, str]:
    """The titles of the clauses, as the newest version that these facts cite says them."""
    found = {"": str(_("Without a reason") if by == "reason" else _("None"))}
    for population in populations:
        path = population.path(by)
        rows = population.model._default_manager.order_by().filter(population.in_time(scope))
        cited = (
            rows.filter((f"{path}__in", list(values))).values(path).annotate(newest=Max(population.version))
        )
        for key, version_id in cited.values_list(path, "newest"):
            clause = cite(version_id, key)
            found.setdefault(key, _title(by, clause) if clause else key)
    return found


def _title(by: str, clause: ClauseRef) -> str:
    """Several clauses of a cadence may bear one title: there the number tells them apart."""
    return f"§{clause.reference} {clause.title}" if by == "clause" else clause.title
