"""A lead's score taken apart: what each rule gives, what is missing to the next grade and to qualifying."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agreements.models import Version
from agreements.selectors import ClauseRef, clause_index
from leads import conditions
from leads.stages import Stage
from scoring.models import Dimension, LeadScore
from scoring.programs import Program
from scoring.rules import (
    FitRule,
    InterestRule,
    Limits,
    Score,
    Step,
    Tally,
    Way,
    next_step,
    score,
    step_for,
    tally_of,
    ways_into,
    weight,
)
from scoring.schemes import Terms
from scoring.statements import BELOW_MQL

AHEAD = timedelta(days=7)
NO_TALLY = Tally()


@dataclass(frozen=True)
class Line:
    """What one rule gives the lead now. `count`, `tally` and `latest_at` are of interest rules only."""

    clause: ClauseRef
    rule: FitRule | InterestRule
    dimension: Dimension
    conditions: str
    points: float
    is_met: bool
    tally: Tally = NO_TALLY
    latest_at: datetime | None = None

    @property
    def undecayed(self) -> int:
        """What the activities would be worth if nothing decayed."""
        return self.rule.points * self.tally.count


@dataclass(frozen=True)
class Side:
    """One dimension: its lines, their sum, what the range makes of it, the step it reaches and the next."""

    dimension: Dimension
    lines: tuple[Line, ...]
    total: float
    limits: Limits
    points: int
    steps: tuple[Step, ...]

    @property
    def step(self) -> Step | None:
        return step_for(self.steps, self.points)

    @property
    def by_weight(self) -> list[Line]:
        """The lines that count first, the weightiest first, then the others as they stand in the document."""
        return sorted(self.lines, key=lambda line: (not line.is_met, -abs(line.points)))

    @property
    def next_step(self) -> Step | None:
        above = next_step(self.steps, self.points)
        return above if above and above.at_least <= self.limits.maximum else None

    @property
    def missing(self) -> int:
        """Points to the next step."""
        return self.next_step.at_least - self.points if self.next_step else 0


@dataclass(frozen=True)
class Requirement:
    """A qualification: whether it is met, what shuts the lead out all the same, the ways in."""

    clause: ClauseRef
    stage: Stage
    grades: tuple[str, ...]
    has_grade: bool
    excluded_by: tuple[str, ...]
    ways: tuple[Way, ...]

    @property
    def is_met(self) -> bool:
        return self.has_grade and not self.excluded_by


@dataclass(frozen=True)
class Receipt:
    """A lead's score at an instant by the version in force.

    `stored` is the score as last written, which may lag behind what time has taken by some hours. `ahead` is
    what it will be in `AHEAD` if nothing happens; None where nothing decays. `held_until`: it qualifies, but must
    not become an MQL before that (`scoring.extensions.holds`).
    """

    lead_id: int
    version: Version
    at: datetime
    score: Score
    fit: Side
    interest: Side
    requirements: tuple[Requirement, ...]
    stored: LeadScore | None
    ahead: Score | None
    stage: Stage
    held_until: datetime | None = None

    @property
    def for_mql(self) -> Requirement | None:
        """The qualification for MQL that is met, else the first."""
        asked = [each for each in self.requirements if each.stage == Stage.MQL]
        return next((each for each in asked if each.is_met), asked[0] if asked else None)

    @property
    def awaits_mql(self) -> bool:
        """Whether it qualifies and is below MQL all the same."""
        asked = self.for_mql
        return asked is not None and asked.is_met and self.stage in BELOW_MQL

    @property
    def counting(self) -> list[Line]:
        """The lines that give or take points, the weightiest first."""
        lines = [line for line in (*self.fit.lines, *self.interest.lines) if round(line.points, 1)]
        return sorted(lines, key=lambda line: -abs(line.points))

    @property
    def lags(self) -> bool:
        """Whether the stored score is not this one."""
        mine = (self.score.fit, self.score.interest, self.score.grade)
        stored = self.stored
        return stored is not None and (stored.fit, stored.interest, stored.grade) != mine


@dataclass(frozen=True)
class Reading:
    """The facts of one lead as `statements.reading` gives them."""

    lead_id: int
    stage: str
    met: Sequence[bool]
    excluded: Sequence[bool]
    counts: Sequence[int]
    decayed: Sequence[float]
    latest: Sequence[datetime | None]


def make_receipt(program: Program, reading: Reading, *, now: datetime, stored: LeadScore | None) -> Receipt:
    terms = program.terms
    scheme = terms.scheme
    facts = zip(scheme.interest, reading.counts, reading.decayed, strict=True)
    tallies = {rule.key: tally_of(rule, count, decayed) for rule, count, decayed in facts}
    met = {rule.key for rule, is_met in zip(scheme.fit, reading.met, strict=True) if is_met}
    holding = [
        exclusion for exclusion, holds in zip(terms.exclusions, reading.excluded, strict=True) if holds
    ]
    shut = {exclusion.gate for exclusion in holding}
    now_score = score(scheme, met=met, tallies=tallies, excluded=shut)
    clauses = clause_index(terms.version_id)
    fit_lines = _fit_lines(terms, clauses, met)
    interest_lines = _interest_lines(terms, clauses, tallies, reading.latest)
    return Receipt(
        lead_id=reading.lead_id,
        version=program.document.version,
        at=now,
        score=now_score,
        fit=_side(Dimension.FIT, fit_lines, scheme.fit_limits, now_score.fit, scheme.letters),
        interest=_side(
            Dimension.INTEREST, interest_lines, scheme.interest_limits, now_score.interest, scheme.digits
        ),
        requirements=tuple(
            Requirement(
                clause=clauses[gate.key],
                stage=Stage(gate.stage),
                grades=gate.grades,
                has_grade=now_score.grade in gate.grades,
                excluded_by=tuple(
                    conditions.words([each.condition]) for each in holding if each.gate == gate.key
                ),
                ways=tuple(ways_into(gate, scheme, fit=now_score.fit, interest=now_score.interest)),
            )
            for gate in scheme.gates
        ),
        stored=stored,
        ahead=score(scheme, met=met, tallies=_later(terms, tallies), excluded=shut)
        if now_score.decays
        else None,
        stage=Stage(reading.stage),
    )


def _later(terms: Terms, tallies: Mapping[str, Tally]) -> dict[str, Tally]:
    """What is left of each rule's points after `AHEAD`: they all decay by the same share."""
    return {
        rule.key: tally_of(
            rule, tallies[rule.key].count, tallies[rule.key].decayed * weight(AHEAD, rule.half_life_days)
        )
        for rule in terms.scheme.interest
    }


def _fit_lines(terms: Terms, clauses: Mapping[str, ClauseRef], met: set[str]) -> tuple[Line, ...]:
    return tuple(
        Line(
            clause=clauses[rule.key],
            rule=rule,
            dimension=Dimension.FIT,
            conditions=conditions.words(terms.conditions.get(rule.key, [])),
            points=rule.points if rule.key in met else 0,
            is_met=rule.key in met,
        )
        for rule in terms.scheme.fit
    )


def _interest_lines(
    terms: Terms,
    clauses: Mapping[str, ClauseRef],
    tallies: Mapping[str, Tally],
    latest: Sequence[datetime | None],
) -> tuple[Line, ...]:
    return tuple(
        Line(
            clause=clauses[rule.key],
            rule=rule,
            dimension=Dimension.INTEREST,
            conditions=conditions.words(terms.conditions.get(rule.key, []), on="payload"),
            points=tallies[rule.key].points,
            is_met=tallies[rule.key].count > 0,
            tally=tallies[rule.key],
            latest_at=latest_at,
        )
        for rule, latest_at in zip(terms.scheme.interest, latest, strict=True)
    )


def _side(
    dimension: Dimension, lines: tuple[Line, ...], limits: Limits, points: int, steps: tuple[Step, ...]
) -> Side:
    total = sum(line.points for line in lines)
    return Side(dimension, lines, total, limits, points, steps)
