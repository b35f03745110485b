"""A handoff comes to somebody's desk, or to the manager's where nobody can take it: the same for one and for
thousands.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Subquery

from accounts.models import User
from handoffs.models import DeadlineKind, EventKind, Handoff, HandoffEvent, HandoffState
from handoffs.services.deadlines import end_clocks, start_clocks
from handoffs.services.events import event
from handoffs.services.notices import Note, NoteKind, tell_all
from leads.models import Lead

_FIRST_DUTIES = (DeadlineKind.ACCEPT, DeadlineKind.ASSIGN)


def place(handoffs: Sequence[Handoff], owner_ids: Sequence[int | None], *, now: datetime) -> None:
    """Set the owner of each, or none, and what follows from it. Saves nothing."""
    for handoff, owner_id in zip(handoffs, owner_ids, strict=True):
        handoff.owner_id = owner_id
        handoff.state = HandoffState.OFFERED if owner_id else HandoffState.UNASSIGNED
        handoff.assigned_at = now if owner_id else None
        handoff.accepted_at = handoff.snoozed_until = None
        handoff.updated_at = now


def begin(arrivals: Sequence[HandoffEvent], *, now: datetime) -> None:
    """Whoever got the handoffs owns the leads, is bound by fresh clocks and is told; the pool's manager if
    nobody did.

    `arrivals` are the saved events that say so, with their handoffs, whose leads and pools are loaded.
    """
    handoffs = [arrival.handoff for arrival in arrivals]
    _own_leads(handoffs, now=now)
    clocks = start_clocks(handoffs, now=now)
    due = {clock.handoff_id: clock.due_at for clock in clocks if clock.kind in _FIRST_DUTIES}
    left = _names_of_those_who_left(arrivals)
    tell_all((_told(arrival, due.get(arrival.handoff_id), left) for arrival in arrivals), now=now)


def move(
    handoffs: Sequence[Handoff],
    owner_ids: Sequence[int | None],
    *,
    now: datetime,
    actor: User | None,
    why: Sequence[str] | None = None,
    left: bool = False,
) -> None:
    """Give locked open handoffs to others, or to the manager's queue; `why` is the key of the clause for
    each, `left` says that the old owners work handoffs no more.

    What the old owner still owed ends, on record as missed where it was late; the new one starts afresh from
    now.
    """
    old_owners = [handoff.owner_id for handoff in handoffs]
    waiting = [handoff for handoff in handoffs if handoff.owner_id is None]
    end_clocks(waiting, now=now, met_at=now)
    end_clocks([handoff for handoff in handoffs if handoff.owner_id is not None], now=now)
    place(handoffs, owner_ids, now=now)
    _save_places(handoffs, now=now)
    arrivals = HandoffEvent.objects.bulk_create(
        event(
            handoff,
            EventKind.ASSIGNED if old is None else EventKind.REASSIGNED,
            now=now,
            actor=actor,
            clause_key=clause_key,
            data={"from": old, "to": handoff.owner_id} | ({"left": old} if left else {}),
        )
        for handoff, old, clause_key in zip(handoffs, old_owners, why or [""] * len(handoffs), strict=True)
    )
    begin(arrivals, now=now)
    tell_all(
        (_told_old(arrival) for arrival in arrivals if arrival.data["from"] not in (None, _id(actor))),
        now=now,
    )


def _id(actor: User | None) -> int | None:
    return actor.pk if actor else None


PLACES = """
UPDATE handoffs_handoff SET owner_id = placed.owner_id, state = placed.state, assigned_at =
placed.assigned_at,
    accepted_at = NULL, snoozed_until = NULL, updated_at = %(now)s
FROM unnest(%(ids)s::bigint[], %(owners)s::bigint[], %(states)s::text[], %(assigned)s::timestamptz[])
    AS placed (id, owner_id, state, assigned_at)
WHERE handoffs_handoff.id = placed.id
"""


def _save_places(handoffs: Sequence[Handoff], *, now: datetime) -> None:
    values: dict[str, Any] = {
        "ids": [handoff.pk for handoff in handoffs],
        "owners": [handoff.owner_id for handoff in handoffs],
        "states": [str(handoff.state) for handoff in handoffs],
        "assigned": [handoff.assigned_at for handoff in handoffs],
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(PLACES, values)


def _own_leads(handoffs: Sequence[Handoff], *, now: datetime) -> None:
    """A lead belongs to whoever has its handoff; while nobody has, to whom it belonged."""
    owner = Handoff.objects.open().filter(lead=OuterRef("pk")).values("owner")[:1]
    owned = [handoff.lead_id for handoff in handoffs if handoff.owner_id]
    if owned:
        Lead.objects.filter(pk__in=owned).update(owner_id=Subquery(owner), updated_at=now)


def _names_of_those_who_left(arrivals: Sequence[HandoffEvent]) -> dict[int, str]:
    ids = {arrival.data["left"] for arrival in arrivals if "left" in arrival.data}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=ids)} if ids else {}


def _told(arrival: HandoffEvent, due: datetime | None, left: Mapping[int, str]) -> Note:
    handoff = arrival.handoff
    return Note(
        reader_id=handoff.owner_id or handoff.pool.manager_id,
        kind=NoteKind.OFFERED if handoff.owner_id else NoteKind.WAITING,
        fact_id=arrival.pk,
        lead_id=handoff.lead_id,
        lead=handoff.lead.name,
        urgent=handoff.urgent,
        version_id=handoff.version_id,
        clause_key=handoff.trigger_key,
        due=due,
        left=left.get(arrival.data.get("left", 0), ""),
    )


def _told_old(arrival: HandoffEvent) -> Note:
    handoff = arrival.handoff
    return Note(
        reader_id=arrival.data["from"],
        kind=NoteKind.MOVED_ON,
        fact_id=arrival.pk,
        lead_id=handoff.lead_id,
        lead=handoff.lead.name,
        version_id=handoff.version_id,
        clause_key=arrival.clause_key,
    )
