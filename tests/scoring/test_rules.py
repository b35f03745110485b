"""The arithmetic of scoring, without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.rules import (
    FitRule,
    Gate,
    InterestRule,
    Limits,
    Scheme,
    Score,
    Step,
    Tally,
    Way,
    half_up,
    label_for,
    next_step,
    score,
    tally,
    ways_into,
    weight,
)

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LETTERS = (Step("a", "A", 70), Step("b", "B", 50), Step("c", "C", 25), Step("d", "D", 0))
DIGITS = (Step("1", "1", 60), Step("2", "2", 40), Step("3", "3", 20), Step("4", "4", 0))
GATE = Gate("mql", "mql", ("A1", "A2", "B1"))
SCHEME = Scheme(
    fit=(FitRule("chief", 45), FitRule("large", 30), FitRule("student", -50)),
    interest=(
        InterestRule("page", "page_view", 10, half_life_days=14, cap=25),
        InterestRule("demo", "demo_request", 40),
        InterestRule("left", "unsubscribe", -30, half_life_days=90, cap=40),
    ),
    letters=LETTERS,
    digits=DIGITS,
    gates=(GATE,),
)
PAGE, DEMO, LEFT = SCHEME.interest


@pytest.mark.parametrize(
    ("age", "half_life_days", "left"),
    [
        (timedelta(0), 14, 1.0),
        (14 * DAY, 14, 0.5),
        (28 * DAY, 14, 0.25),
        (7 * DAY, 14, 0.5**0.5),
        (-3 * DAY, 14, 1.0),
        (1000 * DAY, None, 1.0),
    ],
)
def test_weight_halves_every_half_life_and_never_grows(
    age: timedelta, half_life_days: int, left: float
) -> None:
    assert weight(age, half_life_days) == pytest.approx(left)


def test_weight_of_the_distant_past_is_nothing_but_a_number() -> None:
    assert weight(100_000 * DAY, 1) == pytest.approx(0, abs=1e-15)


def test_tally_adds_up_before_it_is_capped() -> None:
    assert tally(PAGE, [NOW, NOW, NOW - 14 * DAY], NOW) == Tally(3, 25.0, 25.0)
    capped = tally(PAGE, [NOW, NOW, NOW, NOW - 14 * DAY], NOW)
    assert capped == Tally(4, 35.0, 25.0)
    assert capped.is_capped
    assert tally(PAGE, [], NOW) == Tally(0, 0.0, 0.0)


def test_tally_of_negative_points_is_capped_from_below() -> None:
    assert tally(LEFT, [NOW, NOW], NOW) == Tally(2, -60.0, -40.0)
    assert not tally(LEFT, [NOW], NOW).is_capped


@pytest.mark.parametrize(
    ("points", "rounded"), [(2.4, 2), (2.5, 3), (2.4999999999999, 3), (-2.5, -2), (-2.6, -3), (0.0, 0)]
)
def test_half_up_is_not_decided_by_noise(points: float, rounded: int) -> None:
    assert half_up(points) == rounded


@pytest.mark.parametrize(
    ("points", "label"), [(100, "A"), (70, "A"), (69, "B"), (25, "C"), (0, "D"), (-7, "D")]
)
def test_label_for_is_the_highest_step_reached_and_the_lowest_has_no_floor(points: int, label: str) -> None:
    assert label_for(LETTERS, points) == label


def test_label_for_no_steps_is_empty() -> None:
    assert label_for((), 50) == ""


def test_score_sums_holds_grades_and_qualifies() -> None:
    tallies = {
        "page": tally(PAGE, [NOW - 14 * DAY] * 3, NOW),
        "demo": tally(DEMO, [NOW - 300 * DAY], NOW),
        "left": tally(LEFT, [], NOW),
    }

    assert score(SCHEME, met={"chief", "large"}, tallies=tallies) == Score(
        fit=75, interest=55, grade="A2", decays=True, gates=("mql",)
    )


def test_score_of_a_lead_left_out_keeps_its_grade_but_does_not_qualify() -> None:
    tallies = {"demo": tally(DEMO, [NOW, NOW], NOW)}

    assert score(SCHEME, met={"chief", "large"}, tallies=tallies, excluded={"mql"}) == Score(
        fit=75, interest=80, grade="A1", decays=False, gates=()
    )


def test_score_stays_within_the_limits() -> None:
    many = {"demo": tally(DEMO, [NOW] * 9, NOW)}
    none = {"left": tally(LEFT, [NOW] * 9, NOW)}

    assert (
        score(SCHEME, met={"student"}, tallies=many).fit,
        score(SCHEME, met=(), tallies=many).interest,
    ) == (0, 100)
    assert score(SCHEME, met=(), tallies=none).interest == 0
    below = Scheme(fit=SCHEME.fit, interest=SCHEME.interest, interest_limits=Limits(-20, 50))
    assert (score(below, met=(), tallies=none).interest, score(below, met=(), tallies=many).interest) == (
        -20,
        50,
    )


def test_score_decays_until_what_decays_is_worth_less_than_half_a_point() -> None:
    def decays(days: float) -> bool:
        return score(SCHEME, met=(), tallies={"page": tally(PAGE, [NOW - days * DAY], NOW)}).decays

    assert decays(0)
    assert decays(14 * 4.32)
    assert not decays(14 * 4.33)


@given(st.lists(st.floats(0, 400), max_size=8), st.floats(0, 2000), st.integers(0, 3))
def test_a_score_that_no_longer_decays_is_final(ages: list[float], later: float, demos: int) -> None:
    def at(now: datetime) -> Score:
        tallies = {
            "page": tally(PAGE, [NOW - age * DAY for age in ages[::2]], now),
            "left": tally(LEFT, [NOW - age * DAY for age in ages[1::2]], now),
            "demo": tally(DEMO, [NOW] * demos, now),
        }
        return score(SCHEME, met=(), tallies=tallies)

    if not at(NOW).decays:
        assert at(NOW + later * DAY) == at(NOW)


@given(st.lists(st.floats(0, 400), max_size=8), st.floats(0, 400))
def test_time_alone_never_raises_what_positive_rules_give(ages: list[float], later: float) -> None:
    occurred = [NOW - age * DAY for age in ages]

    assert tally(PAGE, occurred, NOW + later * DAY).points <= tally(PAGE, occurred, NOW).points + 1e-9


@pytest.mark.parametrize(
    ("points", "label"), [(0, "C"), (24, "C"), (25, "B"), (69, "A"), (70, None), (-5, "C")]
)
def test_next_step_is_the_one_above(points: int, label: str | None) -> None:
    above = next_step(LETTERS, points)
    assert (above and above.label) == label


@pytest.mark.parametrize(
    ("fit", "interest", "ways"),
    [
        (64, 53, [Way("B1", 0, 7), Way("A2", 6, 0)]),
        (64, 31, [Way("B1", 0, 29), Way("A2", 6, 9)]),
        (75, 31, [Way("A2", 0, 9)]),
        (10, 90, [Way("B1", 40, 0)]),
        (10, 0, [Way("B1", 40, 60), Way("A2", 60, 40)]),
    ],
)
def test_ways_into_a_gate_ask_for_interest_first_and_never_for_less(
    fit: int, interest: int, ways: list[Way]
) -> None:
    assert ways_into(GATE, SCHEME, fit=fit, interest=interest) == ways


def test_ways_into_a_gate_stay_within_the_limits() -> None:
    low = Scheme(letters=LETTERS, digits=DIGITS, interest_limits=Limits(0, 50))

    assert ways_into(GATE, low, fit=64, interest=31) == [Way("A2", 6, 9)]


@given(st.integers(0, 100), st.integers(0, 100))
def test_every_way_into_a_gate_leads_into_it(fit: int, interest: int) -> None:
    for way in ways_into(GATE, SCHEME, fit=fit, interest=interest):
        reached = label_for(LETTERS, fit + way.fit) + label_for(DIGITS, interest + way.interest)
        assert reached == way.grade
        assert reached in GATE.grades
