"""Marketing disputes a return or a rejection; sales settles it: the end stands, or the lead is handed over
again.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Capability, Side
from agreements.models import Version
from handoffs.models import EventKind, Handoff, HandoffEvent
from handoffs.rules import Act
from handoffs.services.create import Candidate, create_handoffs, in_hand_of, make_mql
from handoffs.services.events import event
from handoffs.services.locks import check_legal, check_manager, lock_handoff
from handoffs.services.notices import Note, NoteKind, marketing_managers, tell_all
from handoffs.services.refusals import AlreadyHandedOver, CannotDispute, CannotTake, ManagersOnly
from handoffs.services.routing import check_can_take
from handoffs.terms import terms_of
from leads.stages import Stage, rank


@transaction.atomic
def dispute_ending(*, handoff_id: int, note: str, now: datetime, actor: User) -> Handoff:
    """Say that a handoff should not have been returned or rejected; the pool's manager is told.

    Raises `ManagersOnly` (marketing's managers, that is), `HandoffNotOpen` (nothing to dispute in its state),
    `CannotDispute` (no note, or disputed before), `AlreadyHandedOver`.
    """
    if actor.side != Side.MARKETING or not actor.can(Capability.EDIT_AGREEMENT):
        raise ManagersOnly
    handoff = lock_handoff(handoff_id)
    check_legal(handoff, Act.DISPUTE)
    if not note.strip():
        raise CannotDispute(_("Say why you dispute it."))
    if HandoffEvent.objects.filter(handoff=handoff, kind=EventKind.DISPUTED).exists():
        raise CannotDispute(_("This was disputed before."))
    _check_free(handoff)
    handoff.disputed_at = handoff.updated_at = now
    handoff.save(update_fields=["disputed_at", "updated_at"])
    line = event(handoff, EventKind.DISPUTED, now=now, actor=actor, data={"note": note.strip()})
    line.save()
    tell_all([_told(handoff, handoff.pool.manager_id, NoteKind.DISPUTED, line, note)], now=now)
    return handoff


@transaction.atomic
def rule_on_dispute(
    *, handoff_id: int, reopen: bool, note: str = "", now: datetime, actor: User
) -> Handoff | None:
    """Settle a dispute: the end stands, or the lead is handed over again, to the same owner who is there to
    take it.

    Returns the new handoff, if any. Raises `ManagersOnly`, `CannotDispute` (nothing is disputed, or the lead
    has become an SQL since), `AlreadyHandedOver`.
    """
    check_manager(actor)
    handoff = lock_handoff(handoff_id)
    if handoff.disputed_at is None:
        raise CannotDispute(_("Nothing is disputed here, or it is settled already."))
    handoff.disputed_at, handoff.updated_at = None, now
    handoff.save(update_fields=["disputed_at", "updated_at"])
    again = _hand_over_again(handoff, now=now, actor=actor) if reopen else None
    line = event(
        handoff,
        EventKind.RULED,
        now=now,
        actor=actor,
        data={"upheld": not reopen, "note": note, "handoff": again.pk if again else None},
    )
    line.save()
    tell_all(_settled(handoff, line, reopened=reopen, note=note), now=now)
    return again


def _hand_over_again(handoff: Handoff, *, now: datetime, actor: User) -> Handoff | None:
    """Under the version now in force, if it still knows the trigger; else under the one of the first time."""
    _check_free(handoff)
    lead = handoff.lead
    if rank(lead.stage) >= rank(Stage.SQL):
        raise CannotDispute(
            _("%(lead)s is beyond handing over: %(stage)s.")
            % {"lead": lead, "stage": lead.get_stage_display()}
        )
    version = Version.objects.active().select_related("agreement").filter(agreement=lead.agreement_id).first()
    if version is None or handoff.trigger_key not in terms_of(version.pk).triggers:
        version = handoff.version
    candidate = Candidate(
        lead,
        version,
        terms_of(version.pk).triggers[handoff.trigger_key],
        acted_at=handoff.lead_acted_at,
        note=handoff.note,
        owner_id=_same_owner(handoff, now),
    )
    make_mql([candidate], now=now, actor=actor)
    return next(iter(create_handoffs([candidate], now=now, actor=actor)), None)


def _same_owner(handoff: Handoff, now: datetime) -> int | None:
    """Who had it, if that person can take it now; otherwise it goes by turns."""
    try:
        return check_can_take(handoff.owner_id or 0, now=now).pk
    except CannotTake:
        return None


def _check_free(handoff: Handoff) -> None:
    if other := in_hand_of([handoff.lead_id]).get(handoff.lead_id):
        raise AlreadyHandedOver(other)


def _settled(handoff: Handoff, line: HandoffEvent, *, reopened: bool, note: str) -> Iterable[Note]:
    kind = NoteKind.REOPENED if reopened else NoteKind.UPHELD
    for manager in marketing_managers():
        yield _told(handoff, manager.pk, kind, line, note)


def _told(handoff: Handoff, reader_id: int, kind: NoteKind, line: HandoffEvent, note: str) -> Note:
    return Note(
        reader_id=reader_id,
        kind=kind,
        fact_id=line.pk,
        lead_id=handoff.lead_id,
        lead=handoff.lead.name,
        version_id=handoff.version_id,
        clause_key=handoff.reason_key,
        person=str(line.actor),
        reason=note,
    )
