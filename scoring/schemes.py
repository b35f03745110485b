"""What a version says of scoring, read from its clauses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agreements.document import Document
from leads.stages import Stage
from scoring.models import Dimension, Grade, Qualification, ScoreRange, ScoringRule
from scoring.rules import FitRule, Gate, InterestRule, Limits, Scheme, Step

Conditions = list[dict[str, Any]]


@dataclass(frozen=True)
class Exclusion:
    """A condition that alone shuts a gate."""

    gate: str
    condition: dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """The scoring of one version: the arithmetic, and the conditions by the key of their clause."""

    version_id: int
    agreement_id: int
    scheme: Scheme
    conditions: Mapping[str, Conditions]
    """Of rules: all must hold."""
    exclusions: tuple[Exclusion, ...]


def terms_of(document: Document) -> Terms:
    rules, gates = document.of(ScoringRule), document.of(Qualification)
    return Terms(
        version_id=document.version.pk,
        agreement_id=document.version.agreement_id,
        scheme=Scheme(
            fit=tuple(FitRule(rule.key, rule.points) for rule in rules if rule.dimension == Dimension.FIT),
            interest=tuple(_interest(rule) for rule in rules if rule.dimension == Dimension.INTEREST),
            fit_limits=limits_of(document, Dimension.FIT),
            interest_limits=limits_of(document, Dimension.INTEREST),
            letters=steps_of(document, Dimension.FIT),
            digits=steps_of(document, Dimension.INTEREST),
            gates=tuple(Gate(gate.key, gate.stage, tuple(gate.grades)) for gate in gates),
        ),
        conditions={rule.key: rule.conditions for rule in rules if rule.conditions},
        exclusions=tuple(Exclusion(gate.key, condition) for gate in gates for condition in gate.unless),
    )


def _interest(rule: ScoringRule) -> InterestRule:
    return InterestRule(rule.key, rule.activity_type, rule.points, rule.half_life_days, rule.cap)


def limits_of(document: Document, dimension: Dimension) -> Limits:
    """The range of a dimension; 0 to 100 where the document does not say."""
    ranges = [each for each in document.of(ScoreRange) if each.dimension == dimension]
    return Limits(ranges[0].minimum, ranges[0].maximum) if ranges else Limits()


def steps_of(document: Document, dimension: Dimension) -> tuple[Step, ...]:
    """The letters or digits, from the highest threshold down."""
    return in_order(
        Step(grade.key, grade.label, grade.at_least)
        for grade in document.of(Grade)
        if grade.dimension == dimension
    )


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    return tuple(sorted(steps, key=lambda step: -step.at_least))


def for_mql(scheme: Scheme) -> list[Gate]:
    """The qualifications that make a lead an MQL."""
    return [gate for gate in scheme.gates if gate.stage == Stage.MQL]
