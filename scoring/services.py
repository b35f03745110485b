"""Everything that writes scores. One SQL path for one lead, a batch and all leads."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.models import User
from agreements.selectors import active_versions
from leads.models import ChangeSource
from leads.services import Move, advance_stages
from leads.stages import Stage
from scoring import extensions
from scoring.models import LeadScore
from scoring.programs import program
from scoring.signals import leads_scored
from scoring.sql import Given
from scoring.statements import BELOW_MQL

BATCH = 20_000
STALE_AFTER = timedelta(hours=6)
"""How old a score that changes by itself may be."""

Locked = Mapping[int, int | None]
"""Lead id → agreement id, in the order of the ids; the rows are locked."""


@dataclass
class Outcome:
    """`qualified`: leads below MQL that qualify, with the version and the key of the clause that says so."""

    changed: int = 0
    qualified: dict[int, tuple[int, str]] = field(default_factory=dict)


def rescore(
    lead_ids: Sequence[int] | None, *, now: datetime, actor: User | None, activity_ids: Sequence[int] = ()
) -> int:
    """Score leads by their agreement's active version; `None` means all. Returns how many scores changed.

    Writes the scores that changed, each with its receipt, makes MQLs of those below that qualify now,
    citing the qualification, and sends `leads_scored`, also when nothing changed. A lead whose agreement
    has no active version keeps no score. Ids that do not exist are ignored. `activity_ids` are what led to
    it, for the signal. Locks the leads in the order of their ids: whoever scores one of them at the same
    time waits, and then sees all.
    """
    if lead_ids is None:
        return rescore_all(now=now, actor=actor)
    with transaction.atomic():
        return _score(_lock(lead_ids), now=now, actor=actor, activity_ids=activity_ids)


def rescore_all(*, now: datetime, actor: User | None, agreement_id: int | None = None) -> int:
    """Score every lead, or every one under an agreement, a transaction a batch. Returns how many changed."""
    return _in_batches(lambda after: _lock_next(after, agreement_id), now=now, actor=actor)


def rescore_stale(*, now: datetime, actor: User | None) -> int:
    """Score, like `rescore_all`, the leads whose score is not what it should be. Returns how many changed.

    Those scored by another version than the active one, or not at all; those whose points decay and that
    qualify without being an MQL, when their score is older than `STALE_AFTER`. May be stopped anywhere:
    what is done is not done again. Leads that somebody else is scoring are left to them.
    """
    return _in_batches(lambda after: _lock_stale(after, now), now=now, actor=actor)


def _in_batches(lock: Callable[[int], Locked], *, now: datetime, actor: User | None) -> int:
    changed, last = 0, 0
    while True:
        with transaction.atomic():
            locked = lock(last)
            if not locked:
                return changed
            changed += _score(locked, now=now, actor=actor)
        last = max(locked)


def _score(locked: Locked, *, now: datetime, actor: User | None, activity_ids: Sequence[int] = ()) -> int:
    outcome = Outcome()
    active = {version.agreement_id: version.pk for version in active_versions()}
    for agreement_id, lead_ids in _by_agreement(locked).items():
        if agreement_id in active:
            _score_under(active[agreement_id], lead_ids, outcome, now)
        else:
            outcome.changed += _clear(lead_ids, now)
    leads_scored.send(
        sender=LeadScore,
        lead_ids=list(locked),
        activity_ids=list(activity_ids),
        qualified_ids=_make_mqls(outcome.qualified, now=now, actor=actor),
        now=now,
        actor=actor,
    )
    return outcome.changed


def _by_agreement(locked: Locked) -> Mapping[int | None, list[int]]:
    groups: dict[int | None, list[int]] = defaultdict(list)
    for lead_id, agreement_id in locked.items():
        groups[agreement_id].append(lead_id)
    return groups


def _score_under(version_id: int, lead_ids: Sequence[int], outcome: Outcome, now: datetime) -> None:
    lowest, highest = lead_ids[0], lead_ids[-1]
    compiled = program(version_id)
    statement = compiled.scoring_a_stretch if highest - lowest < 2 * len(lead_ids) else compiled.scoring
    given = {
        Given.IDS: _array(lead_ids),
        Given.LOWEST: lowest,
        Given.HIGHEST: highest,
        Given.NOW: now,
        Given.EPOCH: now.timestamp(),
        Given.STALE_BEFORE: now - STALE_AFTER,
    }
    [(changed, qualified, numbers)] = _rows(statement.text, statement.bind(given))
    outcome.changed += changed
    for lead_id, number in zip(qualified or (), numbers or (), strict=True):
        outcome.qualified[lead_id] = version_id, compiled.mql_gates[number].key


def _make_mqls(qualified: Mapping[int, tuple[int, str]], *, now: datetime, actor: User | None) -> list[int]:
    """Those that became MQLs; not those on hold, nor those that the definition refuses."""
    free = sorted(set(qualified) - _held(sorted(qualified), now))
    if not free:
        return []
    moves = [
        Move(
            lead_id=lead_id,
            to_stage=Stage.MQL,
            version_id=qualified[lead_id][0],
            clause_key=qualified[lead_id][1],
        )
        for lead_id in free
    ]
    moved = advance_stages(moves, now=now, actor=actor, source=ChangeSource.RULE)
    return [change.lead_id for change in moved.changes if change.to_stage == Stage.MQL]


def _held(lead_ids: Sequence[int], now: datetime) -> set[int]:
    return {lead_id for hold in extensions.holds for lead_id in hold(lead_ids, now)} if lead_ids else set()


# --- Statements -------------------------------------------------------------------------------------------


def _rows(text: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a statement. Compiling it to machine code would take longer than running it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL jit = off; {text}", params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _array(lead_ids: Iterable[int]) -> str:
    """A PostgreSQL array; as text it is parsed far faster than thousands of parameters."""
    return f"{{{','.join(map(str, lead_ids))}}}"


LOCK = """
    SELECT id, agreement_id FROM leads_lead WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
LOCK_NEXT = """
    SELECT id, agreement_id FROM leads_lead
    WHERE id > %s AND (%s::bigint IS NULL OR agreement_id = %s)
    ORDER BY id LIMIT %s FOR NO KEY UPDATE
"""
LOCK_STALE = """
    SELECT lead.id, lead.agreement_id
    FROM leads_lead lead
    LEFT JOIN agreements_version version
        ON version.agreement_id = lead.agreement_id AND version.state = 'active'
    LEFT JOIN scoring_leadscore score ON score.lead_id = lead.id
    WHERE lead.id > %s AND (
        score.version_id IS DISTINCT FROM version.id
        OR score.scored_at < %s AND (score.decays OR score.qualifies AND lead.stage IN %s)
    )
    ORDER BY lead.id LIMIT %s FOR NO KEY UPDATE OF lead SKIP LOCKED
"""
CLEAR = """
    WITH gone AS (DELETE FROM scoring_leadscore WHERE lead_id = ANY(%s::bigint[]) RETURNING *),
    changes AS (
        INSERT INTO scoring_scorechange (lead_id, at, version_id, fit_before, interest_before, grade_before,
            qualified_before, fit, interest, grade, qualifies, receipt)
        SELECT lead_id, %s, NULL, fit, interest, grade, qualifies, 0, 0, '', FALSE, '{}' FROM gone
        RETURNING 1
    )
    SELECT count(*) FROM changes
"""


def _lock(lead_ids: Collection[int]) -> Locked:
    return dict(_rows(LOCK, [_array(lead_ids)]))


def _lock_next(after: int, agreement_id: int | None) -> Locked:
    return dict(_rows(LOCK_NEXT, [after, agreement_id, agreement_id, BATCH]))


def _lock_stale(after: int, now: datetime) -> Locked:
    stages = tuple(stage.value for stage in BELOW_MQL)
    return dict(_rows(LOCK_STALE, [after, now - STALE_AFTER, stages, BATCH]))


def _clear(lead_ids: Sequence[int], now: datetime) -> int:
    """Take the scores away from leads that no version speaks of any more."""
    [(cleared,)] = _rows(CLEAR, [_array(lead_ids), now])
    return int(cleared)
