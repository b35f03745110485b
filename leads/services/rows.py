"""Rows on their way to and from PostgreSQL: read as structs, written as one JSON array a statement."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from types import UnionType
from typing import Any, TypeVar, get_args

import msgspec
from django.db import connection

from leads.stages import first_entries_of


class LeadRow(msgspec.Struct, gc=False):
    """A row of `leads_lead`; the fields are its columns."""

    id: int
    email: str | None
    first_name: str
    last_name: str
    job_title: str
    phone: str
    company_id: int | None
    source: str
    time_zone: str
    attributes: Any
    email_consent: str
    do_not_call: bool
    stage: str
    stage_entered_at: datetime
    value: Decimal | None
    owner_id: int | None
    agreement_id: int | None
    created_at: datetime
    last_activity_at: datetime | None
    updated_at: datetime
    became_lead_at: datetime | None = None
    became_mql_at: datetime | None = None
    became_sql_at: datetime | None = None
    became_customer_at: datetime | None = None
    won_value: Decimal | None = None
    enters_at: datetime | None = None
    """No column: when the lead entered the ladder, should writing it make it more than a contact."""

    def enter(self, stage: str, at: datetime) -> None:
        """Remember an entry into a stage if none of its kind was earlier."""
        for field in first_entries_of(stage):
            known = getattr(self, field)
            if known is None or at < known:
                setattr(self, field, at)


class CompanyRow(msgspec.Struct, gc=False):
    id: int
    name: str
    domain: str | None
    industry: str
    employees: int | None
    country: str
    created_at: datetime
    updated_at: datetime


class RefRow(msgspec.Struct, gc=False):
    lead_id: int
    system: str
    external_id: str


class StageChangeRow(msgspec.Struct, gc=False):
    id: int
    lead_id: int
    from_stage: str
    to_stage: str
    at: datetime
    recorded_at: datetime
    source: str
    actor_id: int | None
    version_id: int | None
    clause_key: str
    reason: str
    value: Decimal | None


class ActivityRow(msgspec.Struct, gc=False):
    id: int
    lead_id: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    source: str
    key: str | None
    human: bool
    payload: dict[str, Any]


Row = TypeVar("Row", bound=msgspec.Struct)

TABLES: dict[type[msgspec.Struct], str] = {
    LeadRow: "leads_lead",
    CompanyRow: "leads_company",
    RefRow: "leads_externalref",
    StageChangeRow: "leads_stagechange",
    ActivityRow: "leads_activity",
}
TYPES = {int: "bigint", str: "text", datetime: "timestamptz", bool: "boolean", Decimal: "numeric"}
NO_COLUMNS = frozenset({"enters_at"})


def column_names(kind: type[msgspec.Struct]) -> list[str]:
    return [name for name in kind.__struct_fields__ if name not in NO_COLUMNS]


def columns(kind: type[msgspec.Struct], alias: str = "") -> str:
    """The columns of a row, for a SELECT or an INSERT."""
    prefix = f"{alias}." if alias else ""
    return ", ".join(f'{prefix}"{name}"' for name in column_names(kind))


def recordset(kind: type[msgspec.Struct]) -> str:
    """The fields with their types, as json_to_recordset wants them."""
    return ", ".join(f'"{field.name}" {_type(field.type)}' for field in msgspec.structs.fields(kind))


def _type(annotation: Any) -> str:
    """Of `int`, `int | None`, …; what is none of the plain types is JSON."""
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return next((TYPES[kind] for kind in kinds if kind in TYPES), "jsonb")


def as_json(rows: Sequence[msgspec.Struct]) -> str:
    """The parameter of a json_to_recordset."""
    return msgspec.json.encode(rows).decode()


def select(kind: type[Row], sql: str, params: Sequence[Any]) -> list[Row]:
    """Run a SELECT of `columns(kind)`, in that order."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [kind(*row) for row in cursor.fetchall()]


def insert(rows: Sequence[Row]) -> None:
    """Write rows of one kind in one statement, in their order."""
    if not rows:
        return
    kind = type(rows[0])
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{TABLES[kind]}" ({columns(kind)}) '
            f"SELECT {columns(kind)} FROM json_to_recordset(%s) AS incoming({recordset(kind)})",
            [as_json(rows)],
        )
