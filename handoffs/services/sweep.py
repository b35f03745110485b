"""What the passing of time does: reminders, breaches, escalations, reassignments, and turns for those who
wait.

Everything it needs stands in PostgreSQL (docs/decisions/0005-deadlines-in-postgresql.md): any number of
workers may sweep at once, be killed anywhere, or come hours late.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from handoffs.models import (
    Deadline,
    DeadlineKind,
    EventKind,
    Handoff,
    HandoffEvent,
    HandoffState,
    Pool,
    PoolMember,
)
from handoffs.rules import ClockAct, ClockPlan
from handoffs.services.assignment import move
from handoffs.services.deadlines import record_breaches
from handoffs.services.leaving import release_stranded
from handoffs.services.notices import Note, NoteKind, tell_all
from handoffs.services.routing import LET_LIE, Want, available_members, passed_over, room_of, route
from handoffs.terms import terms_of

log = structlog.get_logger(__name__)

DUE = """
SELECT handoff.id
FROM handoffs_deadline deadline
JOIN handoffs_handoff handoff ON handoff.id = deadline.handoff_id
WHERE deadline.outcome = 'open' AND deadline.next_action_at < %(now)s
    AND (deadline.reassign_at IS NULL OR deadline.reassign_at >= %(now)s)
    AND NOT handoff.id = ANY(%(but)s)
ORDER BY deadline.next_action_at
LIMIT %(limit)s
FOR NO KEY UPDATE OF handoff SKIP LOCKED
"""
DUE_TO_MOVE = """
SELECT handoff.id
FROM handoffs_deadline deadline
JOIN handoffs_handoff handoff ON handoff.id = deadline.handoff_id
JOIN leads_lead lead ON lead.id = handoff.lead_id
WHERE deadline.outcome = 'open' AND deadline.next_action_at < %(now)s AND deadline.reassign_at < %(now)s
    AND NOT handoff.id = ANY(%(but)s)
ORDER BY deadline.next_action_at
LIMIT %(limit)s
FOR NO KEY UPDATE OF lead, handoff SKIP LOCKED
"""
WAITING = """
SELECT handoff.id
FROM unnest(%(pools)s::bigint[], %(rooms)s::int[]) AS pool (id, room)
CROSS JOIN LATERAL (
    SELECT waiting.id FROM handoffs_handoff waiting
    WHERE waiting.state = 'unassigned' AND waiting.pool_id = pool.id AND EXISTS (
        SELECT FROM unnest(%(pools_of_able)s::bigint[], %(able)s::bigint[]) AS able (pool_id, user_id)
        WHERE able.pool_id = pool.id AND NOT EXISTS (
            SELECT FROM handoffs_breach breach
            WHERE breach.handoff_id = waiting.id AND breach.owner_id = able.user_id
                AND breach.kind = ANY(%(let_lie)s)
                AND NOT EXISTS (SELECT FROM handoffs_waiver waiver WHERE waiver.breach_id = breach.id OFFSET 0)
            OFFSET 0
        )
    )
    ORDER BY waiting.urgent DESC, waiting.created_at, waiting.id
    LIMIT pool.room
) routable
JOIN handoffs_handoff handoff ON handoff.id = routable.id
JOIN leads_lead lead ON lead.id = handoff.lead_id
WHERE handoff.state = 'unassigned' AND handoff.pool_id = pool.id
ORDER BY handoff.urgent DESC, handoff.created_at, handoff.id
LIMIT %(limit)s
FOR NO KEY UPDATE OF lead, handoff SKIP LOCKED
"""
# Of each pool no more than it has room for, and nothing that all who are able let lie before: what goes to nobody
# would be claimed again each second, and keep those behind it from their turn. OFFSET 0 has each one's breaches looked
# up by its id, and their waivers; a planner who expects many would read all there ever were.
ACTED = """
UPDATE handoffs_deadline SET next_action_at = acted.next_at
FROM unnest(%(ids)s::bigint[], %(next)s::timestamptz[]) AS acted (id, next_at)
WHERE handoffs_deadline.id = acted.id AND handoffs_deadline.id = ANY(%(ids)s)
"""


READ = """
WITH of_these AS MATERIALIZED (
    SELECT * FROM handoffs_deadline WHERE handoff_id = ANY(%(ids)s) AND outcome = 'open'
)
SELECT deadline.id, deadline.handoff_id, deadline.kind, deadline.owner_id, deadline.version_id, deadline.clause_key,
    deadline.next_action_at, deadline.remind_at, deadline.due_at, deadline.escalate_at, deadline.reassign_at,
    handoff.urgent, handoff.lead_id,
    COALESCE(NULLIF(btrim(lead.first_name || ' ' || lead.last_name), ''), lead.email, '#' || lead.id),
    owner.name, COALESCE(lead_of_team.id, pool.manager_id)
FROM of_these deadline
JOIN handoffs_handoff handoff ON handoff.id = deadline.handoff_id
JOIN handoffs_pool pool ON pool.id = handoff.pool_id
JOIN leads_lead lead ON lead.id = handoff.lead_id
JOIN accounts_user owner ON owner.id = deadline.owner_id
LEFT JOIN accounts_team team ON team.id = owner.team_id
LEFT JOIN accounts_user lead_of_team ON lead_of_team.id = team.manager_id AND lead_of_team.is_active
WHERE deadline.next_action_at < %(now)s
    AND (%(moving)s OR deadline.reassign_at IS NULL OR deadline.reassign_at >= %(now)s)
ORDER BY deadline.next_action_at, deadline.id
"""
# Statements go by the ids of what was claimed, and no planner is left to look at everything else that is due.


class Due(NamedTuple):
    """A deadline that wants something done, with what its notices say."""

    id: int
    handoff_id: int
    kind: str
    owner_id: int
    version_id: int
    clause_key: str
    next_action_at: datetime
    remind_at: datetime | None
    due_at: datetime
    escalate_at: datetime | None
    reassign_at: datetime | None
    urgent: bool
    lead_id: int
    lead: str
    owner: str
    manager_id: int

    @property
    def plan(self) -> ClockPlan:
        return ClockPlan(self.due_at, self.remind_at, self.escalate_at, self.reassign_at)


def sweep_deadlines(*, now: datetime, limit: int = 500, seconds: float | None = None) -> int:
    """Do everything whose instant has passed by `now`, and return for how many deadlines.

    Batches of at most `limit` deadlines are a transaction each; their cost depends on what is due, not on
    what is open. Whatever somebody else holds at the moment is left to the next sweep, and so is what remains
    after `seconds`. A handoff that cannot be acted on is logged and does not hold the others up.
    """
    until = None if seconds is None else monotonic() + seconds
    acted = _sweep(DUE, _pass_time, now, limit, until) + _sweep(DUE_TO_MOVE, _move_on, now, limit, until)
    release_stranded(now=now, limit=limit)
    route_waiting(now=now, limit=limit)
    return acted


def _sweep(
    statement: str,
    act: Callable[[Sequence[int], datetime], int],
    now: datetime,
    limit: int,
    until: float | None,
) -> int:
    """Batch after batch until nothing is left; after a failure one by one, until the culprit is found."""
    acted, size = 0, limit
    broken: list[int] = []
    while until is None or monotonic() < until:
        claimed: list[int] = []
        try:
            with transaction.atomic():
                claimed = _claim(statement, now=now, limit=size, but=broken)
                if not claimed:
                    break
                acted += act(claimed, now)
        except Exception:
            if not claimed:
                raise
            if len(claimed) == 1:
                broken += claimed
                log.exception("handoff_not_swept", handoff=claimed[0])
            size = limit if len(claimed) == 1 else 1
    return acted


def _claim(statement: str, **values: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list({handoff_id for (handoff_id,) in cursor.fetchall()})


def _pass_time(handoff_ids: Sequence[int], now: datetime, *, moving: bool = False) -> int:
    """Remind, record, escalate for the locked handoffs. What is due is read again under the lock: it may be
    done.
    """
    dues = _read(handoff_ids, now, moving)
    passed = [(due, _of_use(due.plan.passed(since=due.next_action_at, now=now))) for due in dues]
    breached = [due.id for due, acts in passed if ClockAct.BREACH in acts]
    recorded = set(record_breaches(breached, now=now))
    HandoffEvent.objects.bulk_create(_lines(passed, now))
    with connection.cursor() as cursor:
        nexts = [due.plan.next_at(now=now) for due in dues]
        cursor.execute(ACTED, {"ids": [due.id for due in dues], "next": nexts})
    tell_all(_notes(passed, recorded), now=now)
    return len(dues)


def _of_use(acts: Sequence[ClockAct]) -> list[ClockAct]:
    """Nobody is reminded of what is missed in the same sweep."""
    return [act for act in acts if act is not ClockAct.REMIND or ClockAct.BREACH not in acts]


def _read(handoff_ids: Sequence[int], now: datetime, moving: bool) -> list[Due]:
    with connection.cursor() as cursor:
        cursor.execute(READ, {"ids": list(handoff_ids), "now": now, "moving": moving})
        return [Due(*row) for row in cursor.fetchall()]


DUTIES = dict(DeadlineKind.choices)
_LINES = {ClockAct.REMIND: EventKind.REMINDED, ClockAct.ESCALATE: EventKind.ESCALATED}
Passed = Sequence[tuple[Due, Sequence[ClockAct]]]


def _lines(passed: Passed, now: datetime) -> Iterable[HandoffEvent]:
    for due, acts in passed:
        for act in acts:
            if kind := _LINES.get(act):
                to = due.manager_id if act is ClockAct.ESCALATE else due.owner_id
                yield HandoffEvent(
                    handoff_id=due.handoff_id,
                    kind=kind,
                    at=now,
                    version_id=due.version_id,
                    clause_key=due.clause_key,
                    data={"deadline": due.id, "kind": due.kind, "to": to},
                )


def _notes(passed: Passed, recorded: Collection[int]) -> Iterable[Note]:
    for due, acts in passed:
        if ClockAct.REMIND in acts:
            yield _note(due, NoteKind.REMINDER, due.owner_id, urgent=due.urgent)
        if due.id in recorded:
            yield _note(due, NoteKind.MISSED, due.owner_id, urgent=due.urgent)
        if ClockAct.ESCALATE in acts:
            yield _note(due, NoteKind.ESCALATED, due.manager_id, urgent=True)


def _note(due: Due, kind: NoteKind, reader_id: int, *, urgent: bool) -> Note:
    return Note(
        reader_id=reader_id,
        kind=kind,
        fact_id=due.id,
        lead_id=due.lead_id,
        lead=due.lead,
        urgent=urgent,
        version_id=due.version_id,
        clause_key=due.clause_key,
        due=due.due_at,
        duty=DUTIES[due.kind],
        person=due.owner,
    )


def _move_on(handoff_ids: Sequence[int], now: datetime) -> int:
    """What is due for handoffs that lay too long, and then somebody else gets them, or the manager's queue.

    Only those whose clock still says so under the lock: between the look and the lock another may have acted.
    """
    lying = Deadline.objects.open().filter(
        handoff__in=handoff_ids, next_action_at__lt=now, reassign_at__lt=now
    )
    handoffs = _with_relations(list(lying.values_list("handoff", flat=True)))
    acted = _pass_time(handoff_ids, now, moving=True)
    if not handoffs:
        return acted
    lain = passed_over([each.pk for each in handoffs])
    wants = [
        Want(each.pool_id, each.urgent, not_to=lain.get(each.pk, set()) | {each.owner_id or 0})
        for each in handoffs
    ]
    move(handoffs, route(wants, now=now), now=now, actor=None, why=[_policy_key(each) for each in handoffs])
    return acted


def route_waiting(*, now: datetime, limit: int = 500) -> int:
    """Give handoffs that wait for an owner to those who have room by now, urgent and old ones first; return
    how many.

    Nobody gets by turn what the same person let lie before. What is claimed can go to somebody, so that each
    call either gives everything out or fills whoever it might go to; what cannot costs a look at its breaches.
    """
    waiting = Handoff.objects.filter(state=HandoffState.UNASSIGNED, pool=OuterRef("pk"))
    pool_ids = list(Pool.objects.filter(Exists(waiting)).values_list("pk", flat=True))
    able = available_members(pool_ids, now=now) if pool_ids else {}
    if not able:
        return 0
    with transaction.atomic():
        handoffs = _with_relations(_claim(WAITING, **_routable(able), limit=limit))
        lain = passed_over([each.pk for each in handoffs])
        wants = [Want(each.pool_id, each.urgent, not_to=lain.get(each.pk, set())) for each in handoffs]
        routed = [
            (handoff, owner_id)
            for handoff, owner_id in zip(handoffs, route(wants, now=now), strict=True)
            if owner_id is not None
        ]
        if routed:
            moved, owners = zip(*routed, strict=True)
            move(moved, owners, now=now, actor=None, why=[_policy_key(each) for each in moved])
    return len(routed)


def _routable(able: Mapping[int, Sequence[PoolMember]]) -> dict[str, Any]:
    """By pool how many it has room for, and who is able to take them."""
    seats = [(pool_id, member.user_id) for pool_id, members in able.items() for member in members]
    pools_of_able, users = zip(*seats, strict=True)
    return {
        "pools": list(able),
        "rooms": [sum(map(room_of, members)) for members in able.values()],
        "pools_of_able": list(pools_of_able),
        "able": list(users),
        "let_lie": [str(kind) for kind in LET_LIE],
    }


def _with_relations(handoff_ids: Sequence[int]) -> list[Handoff]:
    found = Handoff.objects.filter(pk__in=handoff_ids).select_related("lead", "pool", "version__agreement")
    return list(found.order_by("created_at", "pk"))


def _policy_key(handoff: Handoff) -> str:
    policy = terms_of(handoff.version_id).policy_of(handoff.trigger_key)
    return policy.key if policy else ""
