"""What a version of the agreement says about handoffs, ready to be asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from agreements.models import Clause, Definition
from agreements.selectors import clauses
from handoffs.models import Cadence, CadenceStep, HandoffTrigger, ResponsePolicy, ReturnReason, TriggerKind
from scoring.models import Qualification

AnyClause = TypeVar("AnyClause", bound=Clause)


@dataclass(frozen=True)
class Terms:
    """The clauses of one version that a handoff follows. Look-ups that name no clause give None."""

    version_id: int
    triggers: Mapping[str, HandoffTrigger]
    policies: Mapping[str, ResponsePolicy]
    cadences: Mapping[str, Cadence]
    steps: Mapping[str, tuple[CadenceStep, ...]]
    reasons: Mapping[str, ReturnReason]
    qualifications: tuple[Qualification, ...]
    definitions: tuple[Definition, ...]

    def of_kind(self, kind: TriggerKind) -> list[HandoffTrigger]:
        """The triggers of a kind, the one that wins first."""
        return [trigger for trigger in self.triggers.values() if trigger.kind == kind]

    def converting(self, activity_type: str) -> list[HandoffTrigger]:
        """The triggers that such an activity fires."""
        conversions = self.of_kind(TriggerKind.CONVERSION)
        return [trigger for trigger in conversions if activity_type in trigger.activity_types]

    def policy_of(self, trigger_key: str) -> ResponsePolicy | None:
        trigger = self.triggers.get(trigger_key)
        return self.policies.get(trigger.response_policy) if trigger else None

    def cadence_of(self, trigger_key: str) -> Cadence | None:
        trigger = self.triggers.get(trigger_key)
        return self.cadences.get(trigger.cadence) if trigger else None

    def steps_of(self, trigger_key: str) -> tuple[CadenceStep, ...]:
        cadence = self.cadence_of(trigger_key)
        return self.steps.get(cadence.key, ()) if cadence else ()

    def reasons_for(self, act: str) -> list[ReturnReason]:
        """The documented reasons for an act (`ReturnReason.Act`), in the order of the document."""
        return [reason for reason in self.reasons.values() if reason.act == act]

    def definition_key(self, stage: str) -> str:
        """Key of the clause that defines a stage; empty where none does."""
        return next((each.key for each in self.definitions if each.kind == stage), "")


def terms_of(version_id: int) -> Terms:
    """The terms of a version; no query once it was read in this process, unless it is a draft."""
    steps: dict[str, tuple[CadenceStep, ...]] = {}
    for step in clauses(version_id, CadenceStep):
        steps[step.cadence] = (*steps.get(step.cadence, ()), step)
    return Terms(
        version_id=version_id,
        triggers=_by_key(clauses(version_id, HandoffTrigger)),
        policies=_by_key(clauses(version_id, ResponsePolicy)),
        cadences=_by_key(clauses(version_id, Cadence)),
        steps=steps,
        reasons=_by_key(clauses(version_id, ReturnReason)),
        qualifications=clauses(version_id, Qualification),
        definitions=clauses(version_id, Definition),
    )


def _by_key(found: Iterable[AnyClause]) -> Mapping[str, AnyClause]:
    return {clause.key: clause for clause in found}
