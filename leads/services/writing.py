"""Merged leads written in one statement, which also says under which agreement they are and what it calls
them."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import connection

from accounts.models import User
from leads.models import ChangeSource
from leads.services import rows
from leads.services.history import moves
from leads.services.merging import Slot
from leads.services.placement import placement
from leads.services.rows import LeadRow, StageChangeRow
from leads.stages import Stage

OURS = {
    "stage": "CASE WHEN stage = 'contact' AND is_lead THEN 'lead' ELSE stage END",
    "stage_entered_at": "CASE WHEN stage = 'contact' AND is_lead THEN enters_at ELSE stage_entered_at END",
    "agreement_id": "agreement_now",
    "became_lead_at": "CASE WHEN is_lead THEN LEAST(became_lead_at, enters_at) ELSE became_lead_at END",
}
COLUMNS = rows.column_names(LeadRow)
WRITE = f"""
    WITH placed AS MATERIALIZED (
        SELECT "leads_lead".*, {{agreement}} AS agreement_now, {{is_lead}} AS is_lead
        FROM json_to_recordset(%s) AS "leads_lead"({rows.recordset(LeadRow)})
        LEFT JOIN "leads_company" ON "leads_company".id = "leads_lead".company_id
    ), written AS (
        INSERT INTO leads_lead ({", ".join(COLUMNS)})
        SELECT {", ".join(OURS.get(name, name) for name in COLUMNS)} FROM placed
        ORDER BY email, id
        ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in COLUMNS[1:])}
    )
    SELECT id, agreement_now, is_lead FROM placed
"""


def write_leads(
    slots: Sequence[Slot], *, now: datetime, actor: User | None, source: ChangeSource
) -> list[StageChangeRow]:
    """Write the leads; return the stage changes that follow, which are for the caller to write."""
    if not slots:
        return []
    for slot in slots:
        _note_entries(slot)
    placed = placement()
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE.format(agreement=placed.agreement.sql, is_lead=placed.is_lead.sql),
            [
                *placed.agreement.params,
                *placed.is_lead.params,
                rows.as_json([slot.row for slot in slots]),
            ],
        )
        found = {lead_id: (agreement_id, is_lead) for lead_id, agreement_id, is_lead in cursor.fetchall()}
    changes: list[StageChangeRow] = []
    for slot in slots:
        agreement_id, is_lead = found[slot.row.id]
        cited = placed.cited.get(agreement_id) if is_lead else None
        changes += _changes(slot, cited, now, actor.pk if actor else None, source)
    return changes


def _note_entries(slot: Slot) -> None:
    """What its history tells; and only who is new, or a contact still, may become a lead by being written."""
    for stage, at in slot.past.news.items() if slot.past else ():
        slot.row.enter(stage, at)
        if stage == Stage.CUSTOMER:
            slot.row.won_value = slot.row.value
    if not slot.is_new and slot.row.stage != Stage.CONTACT:
        slot.row.enters_at = None


def _changes(
    slot: Slot,
    cited: tuple[int, str] | None,
    now: datetime,
    actor_id: int | None,
    source: ChangeSource,
) -> Iterator[StageChangeRow]:
    """The stages a lead entered: first as a contact or a lead, then what its history tells."""
    row = slot.row

    def change(from_stage: str, to_stage: str, at: datetime, is_cited: bool = False) -> StageChangeRow:
        return StageChangeRow(
            id=0,
            lead_id=row.id,
            from_stage=from_stage,
            to_stage=to_stage,
            at=at,
            recorded_at=now,
            source=source,
            actor_id=actor_id,
            version_id=cited[0] if cited and is_cited else None,
            clause_key=cited[1] if cited and is_cited else "",
            reason="",
            value=row.value if to_stage == Stage.CUSTOMER else None,
        )

    entered_at = row.enters_at or now
    entry = Stage.LEAD if cited else Stage.CONTACT
    if slot.is_new:
        yield change("", entry, entered_at, bool(cited))
    elif cited and row.stage == Stage.CONTACT:
        yield change(Stage.CONTACT, Stage.LEAD, entered_at, True)
    if slot.past:
        if slot.is_new:
            slot.past.entries[entry] = entered_at
        for from_stage, to_stage, at in moves(slot.past):
            yield change(from_stage, to_stage, at)
