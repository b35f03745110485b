"""Agreements that score in a way a test can reckon with, and leads and activities to score."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from agreements.models import Version
from leads.models import Activity, Company, Lead
from leads.stages import Stage
from scoring.models import LeadScore
from tests.factories.agreements import active_version, starter_content

LETTERS = {"A": 70, "B": 50, "C": 25, "D": 0}
DIGITS = {"1": 60, "2": 40, "3": 20, "4": 0}
MQL_GRADES = ("A1", "A2", "A3", "B1", "B2", "C1")


def fit(key: str, points: int, *conditions: dict[str, Any]) -> dict[str, Any]:
    return _clause("scoring_rule", key, dimension="fit", points=points, conditions=list(conditions))


def interest(
    key: str,
    activity_type: str,
    points: int,
    *conditions: dict[str, Any],
    half_life_days: int | None = None,
    cap: int | None = None,
) -> dict[str, Any]:
    return _clause(
        "scoring_rule",
        key,
        dimension="interest",
        activity_type=activity_type,
        points=points,
        conditions=list(conditions),
        half_life_days=half_life_days,
        cap=cap,
    )


def when(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def qualification(
    *rules: dict[str, Any],
    fit_range: tuple[int, int] = (0, 100),
    interest_range: tuple[int, int] = (0, 100),
    letters: dict[str, int] = LETTERS,
    digits: dict[str, int] = DIGITS,
    gates: Iterable[dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """The clauses of chapter 3."""
    return [
        _clause("score_range", "range-fit", dimension="fit", minimum=fit_range[0], maximum=fit_range[1]),
        _clause(
            "score_range",
            "range-interest",
            dimension="interest",
            minimum=interest_range[0],
            maximum=interest_range[1],
        ),
        *rules,
        *_grades("fit", letters),
        *_grades("interest", digits),
        *(gates if gates is not None else [gate()]),
    ]


def gate(
    key: str = "mql-threshold",
    grades: Iterable[str] = MQL_GRADES,
    *unless: dict[str, Any],
    stage: str = "mql",
) -> dict[str, Any]:
    return _clause("qualification", key, stage=stage, grades=list(grades), unless=list(unless))


def scored_by(
    *rules: dict[str, Any],
    now: datetime,
    slug: str = "",
    covers: Any = None,
    definitions: list[dict[str, Any]] | None = None,
    **more: Any,
) -> Version:
    """An agreement in force that says nothing but these rules of scoring; a further one with a `slug`."""
    chapters: dict[str, Any] = {
        name: [] for name in ("goals", "definitions", "handoffs", "nurture", "follow_up", "kpis")
    }
    content = starter_content(**chapters | {"definitions": definitions or []})
    content["qualification"] = qualification(*rules, **more)
    if slug:
        content["agreement"] = content["agreement"] | {
            "slug": slug,
            "name": slug,
            "covers": covers or [],
            "default": False,
        }
    return active_version(content, now=now)


def lead_under(version: Version | None, *, now: datetime, **fields: Any) -> Lead:
    """A lead as ingesting would leave it, not scored yet. `company`: fields of a company of its own."""
    number = Lead.objects.count()
    company = fields.pop("company", None)
    if company:
        company = Company.objects.create(
            **{"name": f"Company {number}", "created_at": now, "updated_at": now} | company
        )
    defaults = {
        "email": f"lead{number}@company.example",
        "stage": Stage.LEAD,
        "stage_entered_at": now,
        "created_at": now,
        "updated_at": now,
        "agreement": version.agreement if version else None,
    }
    return Lead.objects.create(**defaults | fields, company=company)


def act(lead: Lead, type: str, at: datetime, *, human: bool = True, **payload: Any) -> Activity:
    return Activity.objects.create(
        lead=lead, type=type, occurred_at=at, recorded_at=at, human=human, payload=payload
    )


def acts(
    lead: Lead, type: str, count: int, *, now: datetime, days_ago: float = 0, **payload: Any
) -> list[int]:
    """Ids of `count` activities, all at one instant."""
    at = now - timedelta(days=days_ago)
    return [act(lead, type, at, **payload).pk for _ in range(count)]


def score_of(lead: Lead) -> tuple[int, int, str, bool, bool] | None:
    """(fit, interest, grade, qualifies, decays) as stored."""
    return (
        LeadScore.objects.filter(lead=lead)
        .values_list("fit", "interest", "grade", "qualifies", "decays")
        .first()
    )


def _grades(dimension: str, steps: dict[str, int]) -> list[dict[str, Any]]:
    return [
        _clause("grade", f"grade-{label.lower()}", dimension=dimension, label=label, at_least=at_least)
        for label, at_least in steps.items()
    ]


def _clause(kind: str, key: str, **fields: Any) -> dict[str, Any]:
    return {"clause": kind, "key": key, "title": key, "words": "", **fields}
