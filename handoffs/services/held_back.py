"""Leads that the agreement leaves out: what they ask for is not handed over, and marketing hears of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Case, F, Q, Value, When
from django.utils.functional import lazy

from handoffs.models import HeldBack
from handoffs.services.notices import Note, NoteKind, marketing_managers, tell_all
from handoffs.terms import terms_of
from leads.conditions import Condition, words
from leads.conditions import compile as compile_conditions
from leads.models import Lead
from leads.stages import Stage

_say = lazy(words, str)
"""In the language of whoever reads it."""


@dataclass(frozen=True)
class LeftOut:
    """Why the agreement leaves a lead out: the clause, and which of its conditions the lead meets."""

    clause_key: str
    conditions: list[Condition]


def left_out(version_id: int, lead_ids: Sequence[int]) -> dict[int, LeftOut]:
    """Those of the leads that a version leaves out of being MQL. One query, none where it leaves nobody out."""
    unless = [
        (qualification.key, condition)
        for qualification in terms_of(version_id).qualifications
        if qualification.stage == Stage.MQL
        for condition in qualification.unless
    ]
    if not unless:
        return {}
    tests = {
        f"meets_{number}": compile_conditions([condition]) for number, (_, condition) in enumerate(unless)
    }
    cases = {name: Case(When(test, then=Value(True)), default=Value(False)) for name, test in tests.items()}
    rows = Lead.objects.filter(reduce(or_, tests.values(), Q()), pk__in=lead_ids).annotate(**cases)
    return {
        row["pk"]: _left_out([each for name, each in zip(cases, unless, strict=True) if row[name]])
        for row in rows.values(*cases, pk=F("pk"))
    }


def _left_out(met: Sequence[tuple[str, Condition]]) -> LeftOut:
    """By the first clause that says so."""
    key = met[0][0]
    return LeftOut(key, [condition for other, condition in met if other == key])


def hold_back(held: Sequence[HeldBack], *, now: datetime) -> None:
    """Put on record that these conversions handed nobody over, and tell marketing's managers. Their leads are
    loaded.
    """
    if not held:
        return
    HeldBack.objects.bulk_create(held, ignore_conflicts=True)
    tell_all(_notes(held), now=now)


def _notes(held: Sequence[HeldBack]) -> Iterable[Note]:
    for manager in marketing_managers():
        for each in held:
            yield Note(
                reader_id=manager.pk,
                kind=NoteKind.HELD_BACK,
                fact_id=each.activity_id,
                lead_id=each.lead_id,
                lead=each.lead.name,
                version_id=each.version_id,
                clause_key=each.clause_key,
                reason=_say(each.conditions),
            )
