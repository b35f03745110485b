"""The month against its plan: MQLs day by day, and the funnel from visitor to customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from itertools import accumulate

from agreements.models import Commitment, Comparator, FunnelPlan, Unit
from agreements.rules import Funnel
from agreements.selectors import clauses
from kpis.scopes import Scope
from kpis.selectors.figures import Figure, figures, series
from kpis.selectors.standing import Standing

WATERFALL = "mqls"


@dataclass(frozen=True)
class WaterfallDay:
    """`count` and `total` are None for days to come; `planned` is the plan's total by the end of the day."""

    day: date
    count: int | None
    total: int | None
    planned: float | None


@dataclass(frozen=True)
class Waterfall:
    """MQLs added up day by day, and the line that leads to the promise."""

    target: float | None
    """Of the scope; None where nothing is promised, or not for these leads alone."""
    days: list[WaterfallDay]

    @property
    def total(self) -> int:
        return max((day.total or 0 for day in self.days), default=0)


@dataclass(frozen=True)
class FunnelStep:
    """A rung of the funnel: who reached it in the scope, and of those of the rung before who entered in the scope,
    how many have come this far. `planned` and `planned_rate` are the funnel plan's, for the scope's months.
    """

    figure: Figure
    rate: Figure | None
    planned: float | None
    planned_rate: float | None


STEPS = (
    ("visitors", None, "visitors", None),
    ("leads", "visitors-to-leads", "leads", "visitor_to_lead"),
    ("mqls", "leads-to-mqls", "mqls", "lead_to_mql"),
    ("sqls", "mqls-to-sqls", "sqls", "mql_to_sql"),
    ("wins", "sqls-to-customers", "deals", "sql_to_customer"),
)
"""Measure, measure of the rate into it, and the funnel plan's names of both."""


def waterfall(found: Standing | None, scope: Scope, now: datetime) -> Waterfall:
    """Every day of the scope. The plan asks the same of each business day (`kpis.rules.Pace`)."""
    covered = found.covered(scope) if found else scope
    target = _promised(found, covered)
    points = series(WATERFALL, scope, "day", now)
    counts = [int(point.figure.numerator or 0) for point in points]
    totals = list(accumulate(counts))
    pace = found.pace(covered) if found else None
    days = [
        WaterfallDay(
            day,
            counts[place] if place < len(counts) else None,
            totals[place] if place < len(totals) else None,
            float(pace.planned(target, day)) if pace and target is not None else None,
        )
        for place, day in enumerate(scope.days)
    ]
    return Waterfall(None if target is None else float(target), days)


def _promised(found: Standing | None, scope: Scope) -> Fraction | None:
    """What marketing promises of the waterfall's measure; without a promise what the funnel plan asks."""
    if found is None or not found.holds_for(scope):
        return None
    for each in clauses(found.version.pk, Commitment):
        if (each.measure, each.unit, each.comparator) == (WATERFALL, Unit.COUNT, Comparator.AT_LEAST):
            return Fraction(each.target) * scope.months
    plan = _plan(found)
    return Fraction(plan.figures.mqls) * scope.months if plan else None


def _plan(found: Standing | None) -> FunnelPlan | None:
    return next(iter(clauses(found.version.pk, FunnelPlan)), None) if found else None


def funnel(
    found: Standing | None, scope: Scope, now: datetime, read: Mapping[str, Figure] | None = None
) -> list[FunnelStep]:
    """Visitors, leads, MQLs, SQLs and customers of the scope against the funnel plan.

    `read` are figures that were read already, for a page that shows more of them.
    """
    keys = [key for step in STEPS for key in step[:2] if key]
    told = read if read is not None and all(key in read for key in keys) else figures(keys, scope, now)
    plan = _plan(found) if found and found.holds_for(scope) else None
    counts: Funnel | None = plan.figures if plan else None
    months = found.covered(scope).months if found else scope.months
    return [
        FunnelStep(
            figure=told[key],
            rate=told[rate] if rate else None,
            planned=float(getattr(counts, planned) * months) if counts else None,
            planned_rate=float(getattr(plan, planned_rate)) if plan and planned_rate else None,
        )
        for key, rate, planned, planned_rate in STEPS
    ]
