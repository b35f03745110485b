"""What an agreement must say of scoring before it may be signed."""

from scoring.agreement_checks import check_labels
from scoring.models import Dimension, Grade


def grades(labels: str) -> list[Grade]:
    return [Grade(key=f"grade-{label}", label=label) for label in labels]


def problems(dimension: Dimension, labels: str) -> list[tuple[str, str]]:
    return [(problem.key, str(problem.message)) for problem in check_labels(dimension, grades(labels))]


def test_a_whole_matrix_is_right_and_so_is_none():
    assert problems(Dimension.FIT, "ABCD") == problems(Dimension.INTEREST, "4321") == []
    assert problems(Dimension.FIT, "") == []


def test_what_the_matrix_lacks_is_named():
    assert problems(Dimension.INTEREST, "14") == [
        ("grade-1", "the grade matrix lacks 2, 3; it has all of 1, 2, 3, 4")
    ]


def test_a_label_that_is_none_is_named():
    assert problems(Dimension.FIT, "ABCDE") == [("grade-E", "the labels are A, B, C, D; “E” is none of them")]
