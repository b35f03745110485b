"""Under which agreement a lead is, and whether that calls it a lead: as SQL over leads as they are about to
be."""

from dataclasses import dataclass
from typing import Any

from agreements.models import Agreement, Definition, Version
from agreements.selectors import active_versions, clauses
from leads.conditions import where_sql
from leads.stages import Stage


@dataclass(frozen=True)
class Fragment:
    """A piece of SQL with its parameters. It may speak of "leads_lead" and "leads_company"."""

    sql: str
    params: list[Any]


@dataclass(frozen=True)
class Placement:
    """`agreement`: the id of the agreement a lead is under. `is_lead`: whether its definition holds."""

    agreement: Fragment
    is_lead: Fragment
    cited: dict[int | None, tuple[int, str]]
    """Agreement id → version id and key of its definition of a lead."""


def placement() -> Placement:
    """As the active versions say now: the first agreement whose `covers` holds, else the default one."""
    versions = active_versions()
    agreement = _agreement(versions)
    definitions = {version.agreement_id: (version, _definition(version)) for version in versions}
    known = {key: (version, found) for key, (version, found) in definitions.items() if found}
    return Placement(
        agreement=agreement,
        is_lead=_is_lead(agreement, {key: found for key, (_, found) in known.items()}),
        cited={key: (version.pk, found.key) for key, (version, found) in known.items()},
    )


def entry_criteria(version_id: int, stage: str) -> Definition | None:
    """What a version says a stage means."""
    found = (clause for clause in clauses(version_id, Definition) if clause.kind == stage)
    return next(found, None)


def _definition(version: Version) -> Definition | None:
    return entry_criteria(version.pk, Stage.LEAD)


def _agreement(versions: list[Version]) -> Fragment:
    default = next((version.agreement_id for version in versions if version.agreement.is_default), None)
    if default is None:
        default = Agreement.objects.filter(is_default=True).values_list("pk", flat=True).first()
    cases, params = "", []
    for version in versions:
        if not version.agreement.is_default:
            sql, values = where_sql(version.agreement.covers)
            cases += f" WHEN {sql} THEN %s::bigint"
            params += [*values, version.agreement_id]
    if not cases:
        return Fragment("%s::bigint", [default])
    return Fragment(f"CASE{cases} ELSE %s::bigint END", [*params, default])


def _is_lead(agreement: Fragment, definitions: dict[int, Definition]) -> Fragment:
    cases, params = "", []
    for agreement_id, definition in definitions.items():
        sql, values = where_sql(definition.criteria)
        cases += f" WHEN %s::bigint THEN {sql}"
        params += [agreement_id, *values]
    if not cases:
        return Fragment("FALSE", [])
    return Fragment(f"CASE {agreement.sql}{cases} ELSE FALSE END", [*agreement.params, *params])
