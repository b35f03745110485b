"""The dashboard: are we reaching the goal, and where do we lose leads?"""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from kpis import charts
from kpis.charts import Table
from kpis.forms import Asked
from kpis.scopes import Scope
from kpis.selectors import (
    Figure,
    FunnelStep,
    SliceFigures,
    breakdowns,
    figures,
    funnel,
    goals,
    promises,
    serieses,
    standing,
    waterfall,
)
from kpis.views.asking import choices, links, months, neighbours, read_asked, say_period
from kpis.views.cards import answer, cards
from leads.importing.rows import guarded

SPEED = ("speed-to-lead", "response-time")
FUNNEL = (
    "visitors", "leads", "mqls", "sqls", "wins",
    "visitors-to-leads", "leads-to-mqls", "mqls-to-sqls", "sqls-to-customers",
)  # fmt: skip
TOLD = (
    *FUNNEL, *SPEED, "attempts", "attempts-made", "attempts-answered", "attempt-spacing", "breaches", "breaches-waived",
    "returns-by-reason", "returns", "rejections",
)  # fmt: skip
IN_TIME = ("accepted-in-time", "first-attempt-in-time", "attempts-in-time")
PROMISED = (
    "handoffs-accepted", "handoffs-complete", "handoffs-concluded", "returns-enrolled-in-time", *IN_TIME
)  # fmt: skip
"""What agreements promise most often: read in the same statements."""
OF_PEOPLE = ("breaches", "attempts-in-time", "response-time")


@requires(Capability.READ)
def dashboard(request: PortalRequest) -> HttpResponse:
    now = timezone.now()
    asked, agreements, teams = read_asked(request, now)
    scope, link = asked.scope, links(asked)
    found = standing(scope, now)
    read = figures((*TOLD, *PROMISED), scope, now)
    leads = waterfall(found, scope, now)
    weeks = serieses(SPEED, scope, "week", now)
    kept = cards(promises(found, scope, now, read), link)
    words, state = answer([card.promise for card in kept])
    reasons = breakdowns(["returns-by-reason"], scope, "reason", now)
    context = {
        "asked": asked,
        "period": say_period(scope),
        "answer": words,
        "state": state.value,
        "standing": found,
        "covered": found.covered(scope) if found else scope,
        "pace": kept[0].promise.pace if kept else None,
        "promises": kept,
        "mqls_promise": next((card for card in kept if card.promise.figure.measure.key == "mqls"), None),
        "goals": cards(goals(found, scope, now), link),
        "tell": {key.replace("-", "_"): _told(figure, link) for key, figure in read.items()},
        "waterfall": leads,
        "waterfall_chart": charts.waterfall_chart(leads, link),
        "funnel": _steps(funnel(found, scope, now, read), link),
        "speed_charts": [charts.speed_chart(key, weeks[key], link) for key in SPEED],
        "attempts_chart": charts.attempts_chart(breakdowns(["attempts"], scope, "tries", now), link),
        "spacing_chart": charts.spacing_chart(breakdowns(["attempt-spacing"], scope, "number", now), link),
        "clauses": _bars("breaches", breakdowns(["breaches"], scope, "clause", now), link),
        "teams": _people(breakdowns(OF_PEOPLE, scope, "team", now), link),
        "people": _people(breakdowns(OF_PEOPLE, scope, "person", now), link),
        "clocks_judged": any(read[key].denominator for key in IN_TIME),
        "reasons": _bars("returns-by-reason", reasons, link),
        "files": _files(),
        "choices": choices(asked, agreements, teams),
        "months": months(asked),
        "neighbours": neighbours(asked),
        "kept_params": {name: value for name, value in asked.params.items() if name in ("from", "to")},
        "may_import": request.user.can(Capability.IMPORT_LEADS),
        "is_empty": not any(read[key].numerator for key in TOLD),
        "now": now,
    }
    return render(request, "kpis/dashboard.html", context)


def _told(figure: Figure, link: Callable[..., str]) -> dict[str, Any]:
    """A figure with the addresses of its parts."""
    key = figure.measure.key
    return {
        "figure": figure,
        "url": link(key),
        "of_url": link(key, "denominator") if figure.denominator is not None else "",
        "count": figure.spread.count if figure.spread else figure.numerator,
    }


def _steps(steps: list[FunnelStep], link: Callable[..., str]) -> list[dict[str, Any]]:
    """The funnel with bars, each against its plan: visitors are so many that beside them nobody else would be seen."""
    return [
        {
            "step": each,
            "count": _told(each.figure, link),
            "rate": _told(each.rate, link) if each.rate else None,
            **_against_plan(float(each.figure.numerator or 0), each.planned),
        }
        for each in steps
    ]


def _against_plan(count: float, planned: float | None) -> dict[str, str]:
    """How long the bar is, and where the plan stands; nothing without a plan."""
    if not planned:
        return {}
    most = max(count, planned)
    return {"width": _width(count, most), "plan_at": _width(planned, most)}


def _bars(key: str, rows: list[SliceFigures], link: Callable[..., str]) -> list[dict[str, Any]]:
    most = max((float(row.figures[key].numerator or 0) for row in rows), default=0.0)
    total = sum(float(row.figures[key].numerator or 0) for row in rows)
    return [
        {
            "label": row.slice.label,
            "count": row.figures[key].numerator,
            "share": float(row.figures[key].numerator or 0) / total,
            "width": _width(row.figures[key].numerator, most),
            "url": link(key, cut=row.slice),
        }
        for row in rows
        if row.figures[key].numerator
    ]


def _width(count: Any, most: float) -> str:
    """As SVG has it: a stroke is left even of the smallest."""
    return f"{max(100 * float(count or 0) / most, 0.4 if count else 0):.2f}%" if most else "0%"


def _people(rows: list[SliceFigures], link: Callable[..., str]) -> list[dict[str, Any]]:
    """By person or team: breaches, attempts in time, response time; those with most breaches first."""
    found = [
        {
            "label": row.slice.label,
            "breaches": row.figures["breaches"].numerator or 0,
            "breaches_url": link("breaches", cut=row.slice),
            "in_time": row.figures["attempts-in-time"],
            "in_time_url": link("attempts-in-time", cut=row.slice),
            "judged_url": link("attempts-in-time", "denominator", row.slice),
            "response": row.figures["response-time"],
            "response_url": link("response-time", cut=row.slice),
        }
        for row in rows
    ]
    return sorted(found, key=lambda row: (-row["breaches"], row["label"]))


# --- Files --------------------------------------------------------------------------------------------------

TABLES: dict[str, Callable[[Scope, datetime], Table]] = {
    "waterfall": lambda scope, now: charts.waterfall_table(waterfall(standing(scope, now), scope, now)),
    "funnel": lambda scope, now: charts.funnel_table(funnel(standing(scope, now), scope, now)),
    "speed": lambda scope, now: charts.speed_table(serieses(SPEED, scope, "week", now)),
    "attempts": lambda scope, now: _cut(["attempts"], scope, "tries", now),
    "spacing": lambda scope, now: _cut(["attempt-spacing"], scope, "number", now),
    "breaches-by-clause": lambda scope, now: _cut(["breaches"], scope, "clause", now),
    "breaches-by-team": lambda scope, now: _cut(OF_PEOPLE, scope, "team", now),
    "breaches-by-person": lambda scope, now: _cut(OF_PEOPLE, scope, "person", now),
    "returns": lambda scope, now: _cut(["returns-by-reason"], scope, "reason", now),
    "promises": lambda scope, now: charts.promises_table(promises(standing(scope, now), scope, now)),
    "goals": lambda scope, now: charts.promises_table(goals(standing(scope, now), scope, now)),
}


def _files() -> dict[str, list[tuple[str, str]]]:
    """Sections of several tables: each one's name and label."""
    return {
        "promises": [("goals", _("Goals")), ("promises", _("Promises"))],
        "attempts": [("attempts", _("Attempts")), ("spacing", _("Spacing"))],
        "breaches": [
            ("breaches-by-clause", _("Clauses")),
            ("breaches-by-team", _("Teams")),
            ("breaches-by-person", _("People")),
        ],
    }


def _cut(keys: Sequence[str], scope: Scope, by: str, now: datetime) -> Table:
    return charts.slices_table(breakdowns(keys, scope, by, now), by, keys)


@requires(Capability.READ)
def table(request: PortalRequest, table: str) -> HttpResponse:
    """One of the dashboard's tables as CSV, for the same scope."""
    if table not in TABLES:
        raise Http404
    now = timezone.now()
    asked, _agreements, _teams = read_asked(request, now)
    head, rows = TABLES[table](asked.scope, now)
    return csv_answer(f"{table}-{name_of(asked)}.csv", [head, *rows])


def name_of(asked: Asked) -> str:
    """The days, for the name of a file."""
    return "-".join(asked.period.values())


def csv_answer(name: str, rows: Iterable[Iterable[Any]]) -> HttpResponse:
    """The byte order mark tells spreadsheets that this is UTF-8."""
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    csv.writer(response).writerows([_cell(cell) for cell in row] for row in rows)
    return response


def _cell(value: Any) -> Any:
    """Nothing as nothing, and no text that a spreadsheet would run."""
    return guarded(value) if isinstance(value, str) else "" if value is None else value
