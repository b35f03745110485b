"""How a handoff ends: rejected, returned, disqualified or qualified. What was late by then goes on record."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from handoffs.models import EventKind, Handoff, HandoffEvent, HandoffState, ReturnReason
from handoffs.rules import Act, attempts_short
from handoffs.services.criteria import check_criteria
from handoffs.services.deadlines import end_clocks, schedule_of
from handoffs.services.events import event
from handoffs.services.locks import check_legal, check_owner, lock_handoff, lock_handoffs
from handoffs.services.notices import Note, NoteKind, marketing_managers, tell_all
from handoffs.services.refusals import AttemptsMissing, CriteriaNotMet, UnknownReason
from handoffs.signals import handoffs_ended
from handoffs.terms import Terms, terms_of
from leads.models import ChangeSource, Lead
from leads.services import LeadItem, Move, advance_stages, upsert_leads
from leads.stages import Stage

# --- Back to marketing --------------------------------------------------------------------------------------


@transaction.atomic
def reject_handoff(
    *, handoff_id: int, reason_key: str, note: str = "", now: datetime, actor: User
) -> Handoff:
    """Refuse an offered handoff for a documented reason; the lead goes back to marketing, whose managers are
    told.

    Repeating it changes nothing. Raises `HandoffNotOpen`, `NotYourHandoff`, `UnknownReason`.
    """
    return _give_back(
        Act.REJECT, HandoffState.REJECTED, handoff_id, reason_key=reason_key, note=note, now=now, actor=actor
    )


@transaction.atomic
def return_handoff(
    *, handoff_id: int, reason_key: str, note: str = "", now: datetime, actor: User
) -> Handoff:
    """Give a handoff that was worked back to marketing for a documented reason; its managers are told.

    The lead is a lead again, and cools down for as long as the reason says. Repeating it changes nothing.
    Raises `HandoffNotOpen`, `NotYourHandoff`, `UnknownReason`, and `AttemptsMissing` where the reason holds
    only after the cadence's minimum.
    """
    return _give_back(
        Act.RETURN, HandoffState.RETURNED, handoff_id, reason_key=reason_key, note=note, now=now, actor=actor
    )


def _give_back(
    act: Act, state: HandoffState, handoff_id: int, *, reason_key: str, note: str, now: datetime, actor: User
) -> Handoff:
    handoff = lock_handoff(handoff_id)
    check_owner(handoff, actor)
    if (handoff.state, handoff.reason_key) == (state, reason_key):
        return handoff
    check_legal(handoff, act)
    terms = terms_of(handoff.version_id)
    reason = reason_for(terms, act.value, reason_key)
    if reason.needs_attempts:
        _check_attempts(handoff, terms, reason)
    if reason.cool_down:
        handoff.cool_down_until = reason.cool_down.due(schedule_of(handoff), now)
    end([handoff], state, reason_key=reason_key, note=note, now=now, actor=actor)
    _back_to_lead(handoff, reason, now=now, actor=actor)
    tell_all(_given_back(handoff, reason, actor), now=now)
    announce([handoff], now=now, actor=actor)
    return handoff


def reason_for(terms: Terms, act: str, key: str) -> ReturnReason:
    """The documented reason for an act. Raises `UnknownReason`."""
    known = {reason.key: reason for reason in terms.reasons_for(act)}
    if key not in known:
        raise UnknownReason(key, list(known))
    return known[key]


def _check_attempts(handoff: Handoff, terms: Terms, reason: ReturnReason) -> None:
    cadence = terms.cadence_of(handoff.trigger_key)
    needed = cadence.minimum_attempts if cadence else 0
    if attempts_short(needed, handoff.attempts_made):
        raise AttemptsMissing(reason=reason.title, needed=needed, made=handoff.attempts_made)


def _back_to_lead(handoff: Handoff, reason: ReturnReason, *, now: datetime, actor: User) -> None:
    """Marketing has the lead again; one that never was an MQL stays what it is."""
    if handoff.lead.stage == Stage.MQL:
        move = Move(handoff.lead_id, Stage.LEAD, handoff.version_id, reason.key, reason=reason.title)
        advance_stages([move], now=now, actor=actor, source=ChangeSource.PERSON)
    _disown(handoff, now=now)


def _given_back(handoff: Handoff, reason: ReturnReason, actor: User) -> Iterable[Note]:
    kind = NoteKind.RETURNED if handoff.state == HandoffState.RETURNED else NoteKind.REJECTED
    for manager in marketing_managers():
        yield Note(
            reader_id=manager.pk,
            kind=kind,
            fact_id=handoff.pk,
            lead_id=handoff.lead_id,
            lead=handoff.lead.name,
            version_id=handoff.version_id,
            clause_key=reason.key,
            person=str(actor),
            reason=reason.title,
        )


# --- For good -----------------------------------------------------------------------------------------------


@transaction.atomic
def disqualify_handoff(
    *, handoff_id: int, reason_key: str, note: str = "", now: datetime, actor: User
) -> Handoff:
    """End a handoff because the lead is none, for a documented reason; the lead leaves the ladder. Where the reason
    stops every contact, the lead is not to be called, and has no consent to e-mail.

    Repeating it changes nothing. Raises `HandoffNotOpen`, `NotYourHandoff`, `UnknownReason`.
    """
    handoff = lock_handoff(handoff_id)
    check_owner(handoff, actor)
    if (handoff.state, handoff.reason_key) == (HandoffState.DISQUALIFIED, reason_key):
        return handoff
    check_legal(handoff, Act.DISQUALIFY)
    reason = reason_for(terms_of(handoff.version_id), ReturnReason.Act.DISQUALIFY, reason_key)
    end([handoff], HandoffState.DISQUALIFIED, reason_key=reason_key, note=note, now=now, actor=actor)
    move = Move(handoff.lead_id, Stage.DISQUALIFIED, handoff.version_id, reason.key, reason=reason.title)
    advance_stages([move], now=now, actor=actor, source=ChangeSource.PERSON)
    _disown(handoff, now=now)
    if reason.stops_contact:
        silent = LeadItem(id=handoff.lead_id, do_not_call=True, email_consent="withdrawn")
        upsert_leads([silent], now=now, actor=actor, source=ChangeSource.PERSON)
    announce([handoff], now=now, actor=actor)
    return handoff


@transaction.atomic
def qualify_handoff(
    *, handoff_id: int, note: str = "", value: Decimal | None = None, now: datetime, actor: User
) -> Handoff:
    """Sales takes the lead on as an SQL, if it meets what the agreement calls one; `value` is the deal's
    expected worth.

    Qualifying again changes nothing. Raises `HandoffNotOpen`, `NotYourHandoff`, and `CriteriaNotMet`, which
    says what the lead lacks.
    """
    handoff = lock_handoff(handoff_id)
    check_owner(handoff, actor)
    if handoff.state == HandoffState.QUALIFIED:
        return handoff
    check_legal(handoff, Act.QUALIFY)
    check_criteria(handoff.lead, handoff.version_id, Stage.SQL)
    key = terms_of(handoff.version_id).definition_key(Stage.SQL)
    end([handoff], HandoffState.QUALIFIED, note=note, clause_key=key, now=now, actor=actor)
    move = Move(handoff.lead_id, Stage.SQL, handoff.version_id, key, value=value)
    for refused in advance_stages([move], now=now, actor=actor, source=ChangeSource.PERSON).refused:
        raise CriteriaNotMet(refused.reason)
    announce([handoff], now=now, actor=actor)
    return handoff


# --- The end itself -----------------------------------------------------------------------------------------

_EVENTS = {
    HandoffState.QUALIFIED: EventKind.QUALIFIED,
    HandoffState.DISQUALIFIED: EventKind.DISQUALIFIED,
    HandoffState.RETURNED: EventKind.RETURNED,
    HandoffState.REJECTED: EventKind.REJECTED,
}
_ENDED_FIELDS = (
    "state",
    "ended_at",
    "updated_at",
    "reason_key",
    "reason_note",
    "snoozed_until",
    "cool_down_until",
)


def end(
    handoffs: Sequence[Handoff],
    state: HandoffState,
    *,
    now: datetime,
    actor: User | None,
    note: str = "",
    reason_key: str = "",
    clause_key: str = "",
) -> None:
    """Close locked handoffs: no clock runs on, what was late is on record. `announce` belongs at the end of
    the act.
    """
    end_clocks(handoffs, now=now)
    for handoff in handoffs:
        handoff.state, handoff.ended_at, handoff.updated_at = state, now, now
        handoff.reason_key, handoff.reason_note, handoff.snoozed_until = reason_key, note, None
    Handoff.objects.bulk_update(handoffs, _ENDED_FIELDS)
    HandoffEvent.objects.bulk_create(
        event(
            handoff,
            _EVENTS[state],
            now=now,
            actor=actor,
            clause_key=reason_key or clause_key,
            data={"note": note} if note else {},
        )
        for handoff in handoffs
    )


def announce(handoffs: Sequence[Handoff], *, now: datetime, actor: User | None) -> None:
    """Send `handoffs_ended`, once the leads stand where the end leaves them."""
    handoff_ids = [handoff.pk for handoff in handoffs]
    handoffs_ended.send(sender=Handoff, handoff_ids=handoff_ids, now=now, actor=actor)


def _disown(handoff: Handoff, *, now: datetime) -> None:
    """Sales no longer has the lead."""
    Lead.objects.filter(pk=handoff.lead_id, owner=handoff.owner_id).update(owner=None, updated_at=now)


def follow_stages(*, lead_ids: Sequence[int], now: datetime, actor: User | None) -> None:
    """End the open handoffs of leads that moved on elsewhere, such as by a CRM's sync: qualified for those
    that are SQL or beyond, disqualified for those off the ladder. In the transaction of that move, which
    holds the leads.
    """
    for state, stages in _MOVED_ON.items():
        left_open = Handoff.objects.open().filter(lead__in=lead_ids, lead__stage__in=stages)
        handoffs = lock_handoffs(list(left_open.values_list("pk", flat=True)))
        if handoffs:
            end(handoffs, state, now=now, actor=actor)
            announce(handoffs, now=now, actor=actor)


_MOVED_ON = {
    HandoffState.QUALIFIED: (Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER),
    HandoffState.DISQUALIFIED: (Stage.DISQUALIFIED, Stage.LOST),
}
