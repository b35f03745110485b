"""What an agreement must say of its figures so that they can be told; registered with `agreements.document.checks`."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from agreements.document import Document, Problem
from agreements.models import Commitment, Goal, Unit
from kpis.measures import MEASURES, SPECIAL, Kind
from kpis.models import Kpi

UNITS = {Kind.COUNT: Unit.COUNT, Kind.MONEY: Unit.MONEY, Kind.RATE: Unit.PERCENT, Kind.AVERAGE: Unit.COUNT}
"""What a target on a measure is counted in; durations have no unit that a clause could name."""


def check_measures(document: Document) -> Iterator[Problem]:
    """Goals, promises and KPIs name measures that exist, and targets are in the measure's unit."""
    for goal in document.of(Goal):
        yield from _check_target(goal)
    for commitment in document.of(Commitment):
        yield from _check_target(commitment)
    for kpi in document.of(Kpi):
        if kpi.measure not in MEASURES and kpi.measure not in SPECIAL:
            yield _unknown(kpi.key, kpi.measure)


def _check_target(clause: Goal | Commitment) -> Iterator[Problem]:
    measure = MEASURES.get(clause.measure)
    if measure is None:
        yield _unknown(clause.key, clause.measure)
    elif measure.kind not in UNITS:
        message = _("“%(measure)s” is a duration; nothing can be promised of it in numbers")
        yield Problem(clause.key, "measure", message % {"measure": measure.label})
    elif clause.unit != UNITS[measure.kind]:
        message = _("the unit of “%(measure)s” is “%(unit)s”")
        yield Problem(
            clause.key, "unit", message % {"measure": measure.label, "unit": UNITS[measure.kind].label}
        )


def _unknown(key: str, measure: str) -> Problem:
    message = _("there is no measure “%(measure)s”; there are %(known)s")
    known = ", ".join([*MEASURES, *SPECIAL])
    return Problem(key, "measure", message % {"measure": measure, "known": known})
