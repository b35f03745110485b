"""Fit × interest scoring in plain Python.

The database scores (`scoring.statements`); this is what its statement is tested against, and the arithmetic
that the receipt explains.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DAY = timedelta(days=1)
MOST_HALVINGS = 60
"""Halved more often than this, points are nothing (and `power` would underflow)."""
NOISE = 1e-9
"""Sums of floats differ in their last digits by the order of adding; a billionth of a point is nothing."""
DECAYED_AWAY = 0.5
"""Once all that decays together is worth less than half a point, no rounded score can change any more: all
that does not decay is whole."""


@dataclass(frozen=True, slots=True)
class FitRule:
    key: str
    points: int


@dataclass(frozen=True, slots=True)
class InterestRule:
    """`points` for each activity, halved every `half_life_days`; all at most `cap` (see `ScoringRule`)."""

    key: str
    activity_type: str
    points: int
    half_life_days: int | None = None
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Least and most a dimension's score can be."""

    minimum: int = 0
    maximum: int = 100

    def hold(self, points: int) -> int:
        return min(self.maximum, max(self.minimum, points))


@dataclass(frozen=True, slots=True)
class Step:
    """A letter or digit of the grade, and the least score for it."""

    key: str
    label: str
    at_least: int


@dataclass(frozen=True, slots=True)
class Gate:
    """A qualification: the grades that enter a stage."""

    key: str
    stage: str
    grades: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scheme:
    """All that a version says of scoring but the conditions. Steps from the highest down."""

    fit: tuple[FitRule, ...] = ()
    interest: tuple[InterestRule, ...] = ()
    fit_limits: Limits = Limits()
    interest_limits: Limits = Limits()
    letters: tuple[Step, ...] = ()
    digits: tuple[Step, ...] = ()
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """What the activities of one rule are worth: each `points`, then decayed, then capped."""

    count: int = 0
    decayed: float = 0.0
    points: float = 0.0

    @property
    def is_capped(self) -> bool:
        return abs(self.points) < abs(self.decayed) - NOISE


@dataclass(frozen=True, slots=True)
class Score:
    """`gates` are the keys of the qualifications that are met."""

    fit: int
    interest: int
    grade: str
    decays: bool
    gates: tuple[str, ...] = ()
    tallies: Mapping[str, Tally] = field(default_factory=dict, compare=False)


def weight(age: timedelta, half_life_days: int | None) -> float:
    """What is left of a point after `age`: 0.5 ^ (age / half-life). What lies ahead counts in full."""
    if half_life_days is None:
        return 1.0
    halvings = max(0.0, age / DAY / half_life_days)
    return float(0.5 ** min(halvings, MOST_HALVINGS))


def tally(rule: InterestRule, occurred_at: Iterable[datetime], now: datetime) -> Tally:
    """The worth of a rule's activities at `now`."""
    weights = [weight(now - at, rule.half_life_days) for at in occurred_at]
    return tally_of(rule, len(weights), rule.points * math.fsum(weights))


def tally_of(rule: InterestRule, count: int, decayed: float) -> Tally:
    """The same from their number and what decay left of their points."""
    return Tally(count, decayed, capped(rule, decayed))


def capped(rule: InterestRule, points: float) -> float:
    """A cap is the most that a rule gives or, where its points are negative, takes away."""
    if rule.cap is None:
        return points
    return min(points, rule.cap) if rule.points > 0 else max(points, -rule.cap)


def half_up(points: float) -> int:
    """2.5 → 3, -2.5 → -2."""
    return math.floor(points + 0.5 + NOISE)


def step_for(steps: Sequence[Step], points: int) -> Step | None:
    """The first step from above that the points reach; the lowest has no floor. None if there are no steps."""
    reached = (step for step in steps if points >= step.at_least)
    return next(reached, steps[-1] if steps else None)


def label_for(steps: Sequence[Step], points: int) -> str:
    step = step_for(steps, points)
    return step.label if step else ""


def grade_of(scheme: Scheme, fit: int, interest: int) -> str:
    return label_for(scheme.letters, fit) + label_for(scheme.digits, interest)


def score(
    scheme: Scheme,
    *,
    met: Collection[str],
    tallies: Mapping[str, Tally],
    excluded: Collection[str] = (),
) -> Score:
    """Score a lead: `met`: keys of the fit rules that hold, `excluded`: those of gates that are shut."""
    fit = scheme.fit_limits.hold(sum(rule.points for rule in scheme.fit if rule.key in met))
    interest = scheme.interest_limits.hold(half_up(math.fsum(each.points for each in tallies.values())))
    grade = grade_of(scheme, fit, interest)
    decaying = [rule.key for rule in scheme.interest if rule.half_life_days and rule.key in tallies]
    return Score(
        fit=fit,
        interest=interest,
        grade=grade,
        decays=math.fsum(abs(tallies[key].decayed) for key in decaying) > DECAYED_AWAY - NOISE,
        gates=tuple(gate.key for gate in scheme.gates if grade in gate.grades and gate.key not in excluded),
        tallies=tallies,
    )


# --- What is missing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """Points more that make it `grade`."""

    grade: str
    fit: int
    interest: int


def next_step(steps: Sequence[Step], points: int) -> Step | None:
    """The step above the one that is reached."""
    above = [step for step in steps[:-1] if step.at_least > points]
    return above[-1] if above else None


def ways_into(gate: Gate, scheme: Scheme, *, fit: int, interest: int) -> list[Way]:
    """How a lead gets into a gate: interest alone first, then fit alone, then the least of both.

    No way asks for less than the lead has, or for more than the limits allow.
    """
    letters = _reachable(scheme.letters, fit, scheme.fit_limits)
    digits = _reachable(scheme.digits, interest, scheme.interest_limits)
    ways = [
        Way(letter + digit, more_fit, more_interest)
        for letter, more_fit in letters.items()
        for digit, more_interest in digits.items()
        if letter + digit in gate.grades
    ]
    return sorted(
        _least(ways),
        key=lambda way: (way.fit > 0, bool(way.fit and way.interest), way.fit + way.interest, way.fit),
    )


def _reachable(steps: tuple[Step, ...], points: int, limits: Limits) -> dict[str, int]:
    """Labels from the present one up, with the points they take."""
    now = label_for(steps, points)
    more = {step.label: step.at_least - points for step in steps if points < step.at_least <= limits.maximum}
    return more | {now: 0} if now else more


def _least(ways: list[Way]) -> list[Way]:
    """Without those that ask for as much as another, and more."""
    return [
        way
        for way in ways
        if not any(other != way and other.fit <= way.fit and other.interest <= way.interest for other in ways)
    ]
