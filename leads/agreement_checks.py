"""What an agreement must say of leads so that it runs; registered with `agreements.document.checks`."""

from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from agreements.document import Document, Problem
from agreements.models import Definition, DefinitionKind
from leads.conditions import ConditionError, Subject, validate
from leads.stages import LADDER


def check_definitions(document: Document) -> Iterator[Problem]:
    """Criteria that can be asked, and at most one definition of each stage of the ladder."""
    definitions = document.of(Definition)
    for definition in definitions:
        yield from check_conditions(definition.key, "criteria", definition.criteria)
    yield from check_conditions("", "covers", document.version.agreement.covers)
    kinds = Counter(definition.kind for definition in definitions)
    for definition in definitions:
        if definition.kind in LADDER and kinds[definition.kind] > 1:
            stage = DefinitionKind(definition.kind).label
            yield Problem(definition.key, "kind", _("“%(stage)s” is defined twice") % {"stage": stage})


def check_conditions(key: str, field: str, conditions: object, on: Subject = "lead") -> Iterator[Problem]:
    """Conditions that mean something (`leads.conditions`)."""
    try:
        validate(conditions, on)
    except ConditionError as error:
        yield Problem(key, field, str(error))
