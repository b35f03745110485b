"""What an agreement must say of scoring so that it runs; registered with `agreements.document.checks`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product

from django.utils.translation import gettext as _

from agreements.document import Document, Problem
from leads.agreement_checks import check_conditions
from leads.conditions import Subject
from scoring.models import Dimension, Grade, Qualification, ScoreRange, ScoringRule

LABELS = {Dimension.FIT: "ABCD", Dimension.INTEREST: "1234"}


def check_scoring(document: Document) -> Iterator[Problem]:
    """Conditions that can be asked, grades without overlap or hole, qualifying cells that exist."""
    for rule in document.of(ScoringRule):
        on: Subject = "lead" if rule.dimension == Dimension.FIT else "payload"
        yield from check_conditions(rule.key, "conditions", rule.conditions, on)
    for dimension in Dimension:
        grades = [grade for grade in document.of(Grade) if grade.dimension == dimension]
        ranges = [each for each in document.of(ScoreRange) if each.dimension == dimension]
        yield from check_ranges(ranges)
        yield from check_grades(grades, ranges[0].minimum if ranges else 0)
        yield from check_labels(dimension, grades)
    cells = cells_of(document.of(Grade))
    for qualification in document.of(Qualification):
        yield from check_conditions(qualification.key, "unless", qualification.unless)
        yield from check_cells(qualification, cells)


def check_ranges(ranges: list[ScoreRange]) -> Iterator[Problem]:
    for extra in ranges[1:]:
        yield Problem(extra.key, "dimension", _("a dimension has one range, and this is its second"))


def check_grades(grades: list[Grade], minimum: int) -> Iterator[Problem]:
    """Every score has one grade: no label or threshold twice, and the lowest begins where the range does."""
    for name, message in (
        ("label", _("“%(value)s” labels two grades of one dimension")),
        ("at_least", _("two grades of one dimension begin at %(value)s points")),
    ):
        counts = Counter(getattr(grade, name) for grade in grades)
        for grade in grades:
            value = getattr(grade, name)
            if counts[value] > 1:
                yield Problem(grade.key, name, message % {"value": value})
    lowest = min(grades, key=lambda grade: grade.at_least, default=None)
    if lowest is not None and lowest.at_least > minimum:
        message = _(
            "no grade is left for a score from %(minimum)s to below %(at_least)s: let the lowest begin there"
        )
        words = {"minimum": minimum, "at_least": lowest.at_least}
        yield Problem(lowest.key, "at_least", message % words)


def check_labels(dimension: Dimension, grades: list[Grade]) -> Iterator[Problem]:
    """The matrix is A–D by fit and 1–4 by interest, no more and no less; without any grade nothing is graded."""
    wanted = LABELS[dimension]
    for grade in grades:
        if grade.label not in wanted:
            message = _("the labels are %(labels)s; “%(value)s” is none of them")
            yield Problem(grade.key, "label", message % {"labels": ", ".join(wanted), "value": grade.label})
    missing = [label for label in wanted if label not in {grade.label for grade in grades}]
    if grades and missing:
        message = _("the grade matrix lacks %(labels)s; it has all of %(all)s")
        words = {"labels": ", ".join(missing), "all": ", ".join(wanted)}
        yield Problem(grades[0].key, "label", message % words)


def cells_of(grades: Iterable[Grade]) -> set[str]:
    """The cells of the matrix: A1 … D4."""
    labels = {
        dimension: [grade.label for grade in grades if grade.dimension == dimension]
        for dimension in Dimension
    }
    return {row + column for row, column in product(labels[Dimension.FIT], labels[Dimension.INTEREST])}


def check_cells(qualification: Qualification, cells: set[str]) -> Iterator[Problem]:
    if not qualification.grades:
        yield Problem(qualification.key, "grades", _("name at least one cell of the matrix"))
    for cell in qualification.grades:
        if cell not in cells:
            message = _(
                "“%(cell)s” is no cell of the grade matrix, which has a fit and an interest grade in each"
            )
            yield Problem(qualification.key, "grades", message % {"cell": cell})
