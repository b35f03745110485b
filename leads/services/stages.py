"""Moves from stage to stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec
from django.db import connection
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from leads.conditions import compile as compile_conditions
from leads.models import ChangeSource, Lead, StageChange
from leads.rules import Verdict, judge
from leads.services import rows
from leads.services.lookup import lock_leads
from leads.services.placement import entry_criteria
from leads.services.rows import LeadRow, StageChangeRow
from leads.services.transactions import new_ids, run_again_if_raced
from leads.signals import stages_changed
from leads.stages import FIRST_ENTRIES, Stage

WHY_NOT = {
    Verdict.NEEDS_REASON: _("A lead leaves the ladder with a reason only."),
    Verdict.NO_WAY_BACK: _("There is no way from “%(from)s” to “%(to)s”."),
    Verdict.OFF_THE_LADDER: _("The lead is “%(from)s”; it comes back with a reason only."),
}
CRITERIA_NOT_MET = _("The lead does not meet what the agreement calls “%(to)s”.")
GONE = _("There is no such lead.")

MOVED = ("stage", "stage_entered_at", "value", "updated_at", *FIRST_ENTRIES, "won_value")
MOVE = f"""
    UPDATE leads_lead lead
    SET {", ".join(f"{name} = incoming.{name}" for name in MOVED)}
    FROM json_to_recordset(%s) AS incoming({rows.recordset(LeadRow)})
    WHERE lead.id = incoming.id
"""


@dataclass(frozen=True)
class Move:
    """A wish: this lead into that stage, because of that clause.

    Without a `reason` nothing goes back. `at` is when it happened, `now` if none; `value` is the deal's worth
    in the agreement's currency.
    """

    lead_id: int
    to_stage: Stage
    version_id: int | None
    clause_key: str
    reason: str = ""
    at: datetime | None = None
    value: Decimal | None = None


@dataclass(frozen=True)
class RefusedMove:
    move: Move
    reason: str


@dataclass(frozen=True)
class Advance:
    """The changes written, and the moves that may not be. What was there already is in neither."""

    changes: list[StageChange]
    refused: list[RefusedMove]


def advance_stages(
    moves: Sequence[Move], *, now: datetime, actor: User | None, source: ChangeSource
) -> Advance:
    """Move leads along the ladder (`leads.rules.judge`), in one act; sends `stages_changed`.

    A lead enters a stage only if it meets what the version that the move cites says the stage means. A move
    may be repeated: a lead that is there already, or higher, is left alone. Of several moves of one lead each
    starts where the one before ended.
    """
    if not moves:
        return Advance([], [])
    return run_again_if_raced(lambda: _advance(moves, now, actor, source))


def _advance(moves: Sequence[Move], now: datetime, actor: User | None, source: ChangeSource) -> Advance:
    leads = {row.id: row for row in lock_leads({move.lead_id for move in moves})}
    unmet = _unmet(moves)
    changed: dict[int, LeadRow] = {}
    wanted: list[StageChangeRow] = []
    refused: list[RefusedMove] = []
    for position, move in enumerate(moves):
        row = leads.get(move.lead_id)
        if row is None:
            refused.append(RefusedMove(move, str(GONE)))
            continue
        verdict = judge(row.stage, move.to_stage, has_reason=bool(move.reason))
        if verdict is Verdict.ALREADY_THERE:
            continue
        if verdict is not Verdict.MOVE or position in unmet:
            refused.append(RefusedMove(move, _why_not(verdict, row.stage, move.to_stage)))
            continue
        wanted.append(_change(row, move, now, actor, source))
        _apply(row, move, now)
        changed[row.id] = row
    with connection.cursor() as cursor:
        if changed:
            cursor.execute(MOVE, [rows.as_json(list(changed.values()))])
    record_changes(wanted, now=now, actor=actor)
    return Advance(_as_models(wanted), refused)


def _why_not(verdict: Verdict, stage: str, to_stage: str) -> str:
    words = WHY_NOT.get(verdict, CRITERIA_NOT_MET)
    return str(words) % {"from": Stage(stage).label, "to": Stage(to_stage).label}


def _change(
    row: LeadRow, move: Move, now: datetime, actor: User | None, source: ChangeSource
) -> StageChangeRow:
    return StageChangeRow(
        id=0,
        lead_id=row.id,
        from_stage=row.stage,
        to_stage=move.to_stage,
        at=move.at or now,
        recorded_at=now,
        source=source,
        actor_id=actor.pk if actor else None,
        version_id=move.version_id,
        clause_key=move.clause_key,
        reason=move.reason[:300],
        value=move.value,
    )


def _apply(row: LeadRow, move: Move, now: datetime) -> None:
    if row.stage == Stage.CUSTOMER:
        # The only way from there takes the win back: the lead never bought, and may yet.
        row.became_customer_at = row.won_value = None
    row.stage, row.stage_entered_at, row.updated_at = move.to_stage, move.at or now, now
    row.enter(row.stage, row.stage_entered_at)
    if row.stage == Stage.CUSTOMER:
        row.won_value = move.value
    if move.value is not None:
        row.value = move.value


def _unmet(moves: Sequence[Move]) -> set[int]:
    """Positions of the moves whose lead does not meet the criteria of the stage, in one query."""
    asked: dict[tuple[int, str], list[int]] = {}
    for move in moves:
        if move.version_id is not None:
            asked.setdefault((move.version_id, move.to_stage), []).append(move.lead_id)
    criteria = {
        key: definition.criteria
        for key in asked
        if (definition := entry_criteria(*key)) and definition.criteria
    }
    if not criteria:
        return set()
    cases = {
        f"meets_{number}": Case(When(compile_conditions(conditions), then=Value(True)), default=Value(False))
        for number, conditions in enumerate(criteria.values())
    }
    ids = {lead_id for key in criteria for lead_id in asked[key]}
    meets = {
        row["pk"]: row
        for row in Lead.objects.filter(Q(pk__in=ids)).annotate(**cases).values(*cases, pk=F("pk"))
    }
    columns = {key: f"meets_{number}" for number, key in enumerate(criteria)}
    return {
        position
        for position, move in enumerate(moves)
        if (column := columns.get((move.version_id or 0, move.to_stage)))
        and not meets.get(move.lead_id, {}).get(column, True)
    }


def record_changes(wanted: Sequence[StageChangeRow], *, now: datetime, actor: User | None) -> None:
    """Write stage changes and tell of them. Inside a transaction."""
    if not wanted:
        return
    for row, new_id in zip(wanted, new_ids("leads_stagechange", len(wanted)), strict=True):
        row.id = new_id
    rows.insert(wanted)
    if stages_changed.has_listeners(StageChange):
        stages_changed.send(sender=StageChange, changes=_as_models(wanted), now=now, actor=actor)


def _as_models(written: Sequence[StageChangeRow]) -> list[StageChange]:
    fields = StageChangeRow.__struct_fields__
    return [StageChange.from_db("default", fields, msgspec.structs.astuple(row)) for row in written]
