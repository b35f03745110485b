"""What a lead lacks to be what the agreement calls a stage."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from agreements.models import Definition
from agreements.selectors import cite
from handoffs.selectors.information import read_field, say_field
from handoffs.services.refusals import CriteriaNotMet
from handoffs.terms import terms_of
from leads.conditions import Condition, words
from leads.conditions import compile as compile_conditions
from leads.models import Lead
from leads.stages import Stage


def check_criteria(lead: Lead, version_id: int, stage: Stage) -> None:
    """Raises `CriteriaNotMet`, saying which of the stage's criteria in the agreement the lead does not meet,
    and what it has instead.

    Needs `company` loaded.
    """
    for definition in terms_of(version_id).definitions:
        if definition.kind == stage and (unmet := _unmet(lead, definition)):
            raise CriteriaNotMet(_say(lead, stage, definition, unmet))


def _unmet(lead: Lead, definition: Definition) -> list[Condition]:
    return [
        criterion
        for criterion in definition.criteria
        if not Lead.objects.filter(compile_conditions([criterion]), pk=lead.pk).exists()
    ]


def _say(lead: Lead, stage: Stage, definition: Definition, unmet: Sequence[Condition]) -> str:
    clause = cite(definition.version_id, definition.key)
    told = {
        "lead": lead,
        "stage": stage.label,
        "clause": clause.reference if clause else definition.title,
        "criteria": words(unmet),
        "has": ", ".join(_has(lead, unmet)),
    }
    return (
        _("%(lead)s cannot become “%(stage)s”: §%(clause)s asks that %(criteria)s. The lead has: %(has)s.")
        % told
    )


def _has(lead: Lead, unmet: Iterable[Condition]) -> Iterable[str]:
    for field in dict.fromkeys(condition["field"] for condition in unmet):
        name, value = say_field(field), read_field(lead, field)
        if isinstance(value, bool):
            value = _("yes") if value else _("no")
        yield _("no %(field)s") % {"field": name} if value in (None, "") else f"{name} “{value}”"
