"""How a receipt is laid out on a page."""

from dataclasses import dataclass

from scoring.receipts import Receipt
from scoring.rules import Step


@dataclass(frozen=True)
class Cell:
    grade: str
    qualifies: bool
    is_here: bool


@dataclass(frozen=True)
class Row:
    step: Step
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Matrix:
    """The grades: a row for each letter, a column for each digit, and what qualifies for MQL."""

    digits: tuple[Step, ...]
    rows: tuple[Row, ...]


def matrix_of(receipt: Receipt) -> Matrix | None:
    """Nothing where the version has no grades."""
    letters, digits = receipt.fit.steps, receipt.interest.steps
    if not letters or not digits:
        return None
    asked = receipt.for_mql
    wanted = asked.grades if asked else ()
    return Matrix(
        digits=digits,
        rows=tuple(
            Row(
                letter,
                tuple(_cell(letter.label + digit.label, wanted, receipt.score.grade) for digit in digits),
            )
            for letter in letters
        ),
    )


def _cell(grade: str, wanted: tuple[str, ...], here: str) -> Cell:
    return Cell(grade, grade in wanted, grade == here)
