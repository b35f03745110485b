"""Somebody no longer works handoffs, or no longer manages them: what they had goes to others at once."""

from collections.abc import Collection, Sequence
from datetime import datetime

import structlog
from django.db import connection, transaction

from accounts.models import User
from accounts.roles import CAPABILITIES, Capability
from handoffs.models import DeadlineKind, EventKind, Handoff, HandoffEvent, HandoffState, Pool
from handoffs.services.assignment import begin, move
from handoffs.services.deadlines import end_clocks
from handoffs.services.events import event
from handoffs.services.locks import lock_handoffs
from handoffs.services.routing import Want, first_manager, lock_pools, passed_over, route

log = structlog.get_logger(__name__)

STRANDED = """
SELECT handoff.id
FROM accounts_user person
JOIN handoffs_handoff handoff ON handoff.owner_id = person.id
    AND handoff.state IN ('unassigned', 'offered', 'accepted')
JOIN leads_lead lead ON lead.id = handoff.lead_id
WHERE NOT (person.is_active AND person.role = ANY(%(roles)s))
ORDER BY handoff.id
LIMIT %(limit)s
FOR NO KEY UPDATE OF lead, handoff SKIP LOCKED
"""


@transaction.atomic
def release_handoffs(*, user_ids: Collection[int], now: datetime, actor: User | None) -> int:
    """Route anew the open handoffs of people who may not work them any more; return how many moved.

    Where nobody has room they wait for the pool's manager. What the one who leaves still owed ends, on record
    as missed where it was late; whoever follows has fresh clocks. Pools they led get another manager first.
    People who still work handoffs keep theirs.
    """
    pool_ids = _led_by(user_ids)
    handoffs = lock_handoffs(_held_by(user_ids) + _waiting_in(pool_ids))
    if pool_ids:
        _hand_over_pools(pool_ids, handoffs, now=now, actor=actor)
    held = [each for each in handoffs if each.is_open and each.owner_id in user_ids]
    return _route_anew(held, now=now, actor=actor)


def release_stranded(*, now: datetime, limit: int = 500) -> int:
    """The same for whatever came to somebody in the very moment they left; return how many moved."""
    roles = [role.value for role, able in CAPABILITIES.items() if Capability.WORK_HANDOFFS in able]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(STRANDED, {"roles": roles, "limit": limit})
            stranded = [handoff_id for (handoff_id,) in cursor.fetchall()]
        return _route_anew(lock_handoffs(stranded), now=now, actor=None)


def _held_by(user_ids: Collection[int]) -> list[int]:
    able = User.objects.able_to(Capability.WORK_HANDOFFS)
    held = Handoff.objects.open().filter(owner__in=user_ids).exclude(owner__in=able)
    return list(held.values_list("pk", flat=True))


def _route_anew(handoffs: Sequence[Handoff], *, now: datetime, actor: User | None) -> int:
    if not handoffs:
        return 0
    lain = passed_over([handoff.pk for handoff in handoffs])
    wants = [Want(each.pool_id, each.urgent, not_to=lain.get(each.pk, ())) for each in handoffs]
    move(handoffs, route(wants, now=now), now=now, actor=actor, left=True)
    return len(handoffs)


# --- Pools --------------------------------------------------------------------------------------------------


def _led_by(user_ids: Collection[int]) -> list[int]:
    able = User.objects.able_to(Capability.MANAGE_HANDOFFS)
    led = Pool.objects.filter(manager__in=user_ids).exclude(manager__in=able)
    return list(led.values_list("pk", flat=True))


def _waiting_in(pool_ids: Collection[int]) -> list[int]:
    waiting = Handoff.objects.filter(state=HandoffState.UNASSIGNED, pool__in=pool_ids)
    return list(waiting.values_list("pk", flat=True)) if pool_ids else []


def _hand_over_pools(
    pool_ids: Collection[int], handoffs: Sequence[Handoff], *, now: datetime, actor: User | None
) -> None:
    """Somebody else leads the pools and finds owners for what waits there, in a time of their own."""
    manager = first_manager()
    if manager is None:
        log.error("nobody_to_lead_pools", pools=sorted(pool_ids))
        return
    lock_pools(pool_ids)
    for pool in Pool.objects.filter(pk__in=pool_ids):  # a handful, each change kept in its history
        pool.manager = manager
        pool.save(update_fields=["manager"])
    waiting = [
        each for each in handoffs if each.state == HandoffState.UNASSIGNED and each.pool_id in pool_ids
    ]
    end_clocks(waiting, now=now, kinds=[DeadlineKind.ASSIGN])
    arrivals = [_waits_for(manager, each, now=now, actor=actor) for each in waiting]
    for handoff in handoffs:
        if handoff.pool_id in pool_ids:
            handoff.pool.manager = manager
    begin(HandoffEvent.objects.bulk_create(arrivals), now=now)


def _waits_for(manager: User, handoff: Handoff, *, now: datetime, actor: User | None) -> HandoffEvent:
    data = {"from": None, "to": None, "manager": manager.pk, "left": handoff.pool.manager_id}
    return event(handoff, EventKind.REASSIGNED, now=now, actor=actor, data=data)
