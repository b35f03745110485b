"""Reads of scores."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection

from agreements.models import Version
from leads.extensions import Fact
from scoring import extensions
from scoring.models import LeadScore, ScoreChange
from scoring.programs import program
from scoring.receipts import Reading, Receipt, make_receipt
from scoring.sql import Given
from scoring.wording import say_change

NEWEST = 500


def result_field(lead_ids: Sequence[int]) -> Mapping[int, Any]:
    """What the REST API says of each lead's score."""
    scores = LeadScore.objects.filter(lead__in=lead_ids).values_list("lead_id", "fit", "interest", "grade")
    return {
        lead_id: {"fit": fit, "interest": interest, "grade": grade}
        for lead_id, fit, interest, grade in scores
    }


def receipt(lead_id: int, now: datetime) -> Receipt | None:
    """The lead's score at `now`, rule by rule; None where no version in force speaks of it, or it does not
    exist.

    Three queries: which version, the facts, the stored score; and where it qualifies below MQL the holds'.
    """
    version_id = (
        Version.objects.active().filter(agreement__leads=lead_id).values_list("pk", flat=True).first()
    )
    if version_id is None:
        return None
    compiled = program(version_id)
    statement = compiled.reading
    given = {Given.IDS: f"{{{lead_id}}}", Given.EPOCH: now.timestamp()}
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.bind(given))
        [row] = cursor.fetchall()
    stored = LeadScore.objects.filter(lead=lead_id).first()
    found = make_receipt(compiled, Reading(*row), now=now, stored=stored)
    return replace(found, held_until=_held_until(lead_id, now) if found.awaits_mql else None)


def _held_until(lead_id: int, now: datetime) -> datetime | None:
    ends = [hold([lead_id], now).get(lead_id) for hold in extensions.holds]
    return max(filter(None, ends), default=None)


def score_facts(lead_id: int) -> Sequence[Fact]:
    """The changes of a lead's grade, and of whether it qualifies; mere points are not told."""
    changes = ScoreChange.objects.told().filter(lead=lead_id).order_by("-at", "-id")[:NEWEST]
    return [_fact(change) for change in changes]


def _fact(change: ScoreChange) -> Fact:
    return Fact(
        at=change.at,
        kind="score",
        title=say_change(change),
        icon=_icon(change),
        version_id=change.version_id,
        clause_key=_cause(change),
        data={"grade": change.grade, "fit": change.fit, "interest": change.interest},
    )


def _icon(change: ScoreChange) -> str:
    gained = change.fit + change.interest - change.fit_before - change.interest_before
    return "trending-up" if gained >= 0 else "arrow-down"


def _cause(change: ScoreChange) -> str:
    """The clause that speaks of what changed: the qualification, else the digit or the letter."""
    if change.version_id is None:
        return ""
    compiled = program(change.version_id)
    if change.qualifies != change.qualified_before:
        grade = change.grade if change.qualifies else change.grade_before
        gates = [gate for gate in compiled.mql_gates if grade in gate.grades] or compiled.mql_gates
        return gates[0].key if gates else ""
    is_digit = change.grade[1:] != change.grade_before[1:]
    scheme = compiled.terms.scheme
    steps, label = (scheme.digits, change.grade[1:]) if is_digit else (scheme.letters, change.grade[:1])
    return next((step.key for step in steps if step.label == label), "")
