"""Handing over: the three kinds of trigger, for one lead and for a batch of thousands in the same statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from agreements.models import Version
from agreements.selectors import active_versions
from handoffs.models import EventKind, Handoff, HandoffEvent, HandoffTrigger, HeldBack, TriggerKind
from handoffs.selectors.cooling import cooling_down
from handoffs.selectors.information import missing_information
from handoffs.services.assignment import begin, place
from handoffs.services.events import event
from handoffs.services.held_back import LeftOut, hold_back, left_out
from handoffs.services.locks import lock_leads
from handoffs.services.notices import Note, NoteKind, tell_all
from handoffs.services.routing import Want, pools_for, route
from handoffs.signals import handoffs_created
from handoffs.terms import Terms, terms_of
from leads.models import Activity, ChangeSource, Lead
from leads.services import Move, advance_stages
from leads.stages import Stage, rank


@dataclass(frozen=True)
class Candidate:
    """A lead that a trigger hands over. `acted_at` is its own act that led to it, where speed to lead counts
    from.

    `activity_id` is the conversion that fired; `owner_id` names who gets it without a turn.
    """

    lead: Lead
    version: Version
    trigger: HandoffTrigger
    acted_at: datetime
    activity_id: int | None = None
    activity_type: str = ""
    note: str = ""
    owner_id: int | None = None


# --- From what was scored -----------------------------------------------------------------------------------


@transaction.atomic
def hand_over_scored(
    *, activity_ids: Sequence[int], qualified_ids: Sequence[int], now: datetime, actor: User | None
) -> list[int]:
    """Hand over the leads whose new activities convert and those that qualify by score; return the new
    handoffs' ids.

    Of the triggers a lead fires the one with the lowest position counts. Not handed over: leads with an open
    handoff (its owner is told of a conversion), leads that are SQL or beyond (their owner is told), leads the
    agreement leaves out (marketing's managers are told of a conversion), and by score alone leads that are
    cooling down. A conversion makes the lead an MQL where the agreement's criteria allow it. The number of
    statements does not depend on the number of leads.
    """
    if not activity_ids and not qualified_ids:
        return []
    versions = {version.agreement_id: version for version in active_versions()}
    terms = {agreement_id: terms_of(version.pk) for agreement_id, version in versions.items()}
    conversions = _conversions(activity_ids, terms.values())
    qualified = {*qualified_ids} - cooling_down(qualified_ids, now).keys()
    leads = lock_leads([*{*conversions, *qualified}]) if conversions or qualified else []
    candidates = []
    for lead in leads:
        if lead.agreement_id not in versions:
            continue
        by_score = lead.pk in qualified and lead.stage == Stage.MQL
        fired = _fired(
            lead, versions[lead.agreement_id], terms[lead.agreement_id], conversions, by_score, now
        )
        if fired:
            candidates.append(fired)
    return _hand_over_those_free(candidates, now=now, actor=actor)


def _conversions(activity_ids: Sequence[int], terms: Iterable[Terms]) -> dict[int, list[Activity]]:
    """By lead the activities that some agreement calls a conversion, the earliest first."""
    types = {
        kind
        for each in terms
        for trigger in each.of_kind(TriggerKind.CONVERSION)
        for kind in trigger.activity_types
    }
    if not types or not activity_ids:
        return {}
    found: dict[int, list[Activity]] = {}
    activities = Activity.objects.filter(pk__in=activity_ids, type__in=types, human=True)
    for activity in activities.order_by("occurred_at", "pk"):
        found.setdefault(activity.lead_id, []).append(activity)
    return found


def _fired(
    lead: Lead,
    version: Version,
    terms: Terms,
    conversions: Mapping[int, list[Activity]],
    by_score: bool,
    now: datetime,
) -> Candidate | None:
    """The trigger that wins for a lead, if any fires."""
    fired = [
        Candidate(lead, version, trigger, activity.occurred_at, activity.pk, activity.type)
        for activity in conversions.get(lead.pk, ())
        for trigger in terms.converting(activity.type)
    ]
    if by_score:
        fired += [Candidate(lead, version, trigger, now) for trigger in terms.of_kind(TriggerKind.SCORE)]
    return min(fired, key=lambda candidate: candidate.trigger.position, default=None)


def _hand_over_those_free(candidates: Sequence[Candidate], *, now: datetime, actor: User | None) -> list[int]:
    """Sort out who is not to be handed over, tell of their conversions, and create the rest."""
    if not candidates:
        return []
    left = _left_out(candidates)
    in_hand = in_hand_of([candidate.lead.pk for candidate in candidates])
    free: list[Candidate] = []
    known: list[Candidate] = []
    for candidate in candidates:
        is_free = candidate.lead.pk not in in_hand and rank(candidate.lead.stage) < rank(Stage.SQL)
        (free if is_free else known).append(candidate)
    _tell_of_conversions([each for each in known if each.activity_id], in_hand, now=now, actor=actor)
    held = [
        _held_back(each, each.activity_id, left[each.lead.pk], now)
        for each in free
        if each.activity_id and each.lead.pk in left
    ]
    hold_back(held, now=now)
    wanted = [each for each in free if each.lead.pk not in left]
    make_mql(wanted, now=now, actor=actor)
    return [handoff.pk for handoff in create_handoffs(wanted, now=now, actor=actor)]


def _left_out(candidates: Sequence[Candidate]) -> dict[int, LeftOut]:
    """By lead why the agreement leaves it out of being MQL: one query an agreement."""
    by_version: dict[int, list[int]] = {}
    for candidate in candidates:
        by_version.setdefault(candidate.version.pk, []).append(candidate.lead.pk)
    found: dict[int, LeftOut] = {}
    for version_id, lead_ids in by_version.items():
        found |= left_out(version_id, lead_ids)
    return found


def _held_back(candidate: Candidate, activity_id: int, why: LeftOut, now: datetime) -> HeldBack:
    return HeldBack(
        lead=candidate.lead,
        activity_id=activity_id,
        activity_type=candidate.activity_type,
        at=now,
        version=candidate.version,
        clause_key=why.clause_key,
        conditions=why.conditions,
    )


def in_hand_of(lead_ids: Sequence[int]) -> dict[int, Handoff]:
    """By lead its open handoff."""
    open_handoffs = Handoff.objects.open().filter(lead__in=lead_ids).select_related("pool")
    return {handoff.lead_id: handoff for handoff in open_handoffs}


def _tell_of_conversions(
    candidates: Sequence[Candidate], in_hand: Mapping[int, Handoff], *, now: datetime, actor: User | None
) -> None:
    """Whoever has the lead is told that it converted again, and the open handoff's history says so."""
    HandoffEvent.objects.bulk_create(
        event(
            in_hand[each.lead.pk],
            EventKind.CONVERTED,
            now=now,
            actor=actor,
            data={"activity_type": each.activity_type, "at": each.acted_at.isoformat()},
        )
        for each in candidates
        if each.lead.pk in in_hand
    )
    tell_all((note for each in candidates if (note := _converted(each, in_hand.get(each.lead.pk)))), now=now)


def _converted(candidate: Candidate, handoff: Handoff | None) -> Note | None:
    lead = candidate.lead
    reader_id = (handoff.owner_id or handoff.pool.manager_id) if handoff else lead.owner_id
    if reader_id is None or candidate.activity_id is None:
        return None
    return Note(
        reader_id=reader_id,
        kind=NoteKind.CONVERTED,
        fact_id=candidate.activity_id,
        lead_id=lead.pk,
        lead=lead.name,
        urgent=candidate.trigger.urgent,
        version_id=candidate.version.pk,
        clause_key=candidate.trigger.key,
        reason=candidate.trigger.title,
    )


def make_mql(candidates: Sequence[Candidate], *, now: datetime, actor: User | None) -> dict[int, str]:
    """Advance the leads below MQL, citing the trigger; return why not by lead, for those whose criteria
    refuse.
    """
    moves = [
        Move(
            lead_id=each.lead.pk,
            to_stage=Stage.MQL,
            version_id=each.version.pk,
            clause_key=each.trigger.key,
            reason=each.trigger.title if rank(each.lead.stage) < 0 else "",
        )
        for each in candidates
        if rank(each.lead.stage) < rank(Stage.MQL)
    ]
    advance = advance_stages(moves, now=now, actor=actor, source=ChangeSource.RULE)
    return {refused.move.lead_id: refused.reason for refused in advance.refused}


# --- Creating -----------------------------------------------------------------------------------------------


def create_handoffs(candidates: Sequence[Candidate], *, now: datetime, actor: User | None) -> list[Handoff]:
    """Create, route and start handoffs of locked leads that have none open. Sends `handoffs_created`.

    Whom nobody can take waits for the pool's manager. The number of statements does not depend on that of
    candidates.
    """
    pools = pools_for(candidate.trigger.pool for candidate in candidates)
    candidates = [candidate for candidate in candidates if candidate.trigger.pool in pools]
    if not candidates:
        return []
    handoffs = [_handoff(candidate, now) for candidate in candidates]
    for handoff, candidate in zip(handoffs, candidates, strict=True):
        handoff.pool = pools[candidate.trigger.pool]
    place(handoffs, _owners(candidates, handoffs, now), now=now)
    Handoff.objects.bulk_create(handoffs)
    begin(_first_events(handoffs, now=now, actor=actor), now=now)
    handoffs_created.send(
        sender=Handoff, handoff_ids=[handoff.pk for handoff in handoffs], now=now, actor=actor
    )
    return handoffs


def _handoff(candidate: Candidate, now: datetime) -> Handoff:
    return Handoff(
        lead=candidate.lead,
        version=candidate.version,
        trigger_key=candidate.trigger.key,
        urgent=candidate.trigger.urgent,
        missing=missing_information(candidate.lead, candidate.trigger.required_information),
        note=candidate.note,
        lead_acted_at=candidate.acted_at,
        created_at=now,
        updated_at=now,
    )


def _owners(candidates: Sequence[Candidate], handoffs: Sequence[Handoff], now: datetime) -> list[int | None]:
    """Who was named gets it; the others take their turns."""
    wants = [
        Want(handoff.pool_id, handoff.urgent)
        for candidate, handoff in zip(candidates, handoffs, strict=True)
        if candidate.owner_id is None
    ]
    turns = iter(route(wants, now=now))
    return [candidate.owner_id or next(turns) for candidate in candidates]


def _first_events(handoffs: Sequence[Handoff], *, now: datetime, actor: User | None) -> list[HandoffEvent]:
    """Save that they were created and where they went; return the latter."""
    created = [
        event(each, EventKind.CREATED, now=now, actor=actor, clause_key=each.trigger_key) for each in handoffs
    ]
    arrivals = [
        event(
            each,
            EventKind.ASSIGNED if each.owner_id else EventKind.UNASSIGNED,
            now=now,
            actor=actor,
            data={"from": None, "to": each.owner_id},
        )
        for each in handoffs
    ]
    HandoffEvent.objects.bulk_create([*created, *arrivals])
    return arrivals
