"""What managers do: give handoffs to others, excuse breaches."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from handoffs.models import Breach, Deadline, Handoff, Waiver
from handoffs.rules import Act
from handoffs.services.assignment import move
from handoffs.services.locks import check_legal, check_manager, lock_handoff, lock_handoffs
from handoffs.services.notices import Note, NoteKind, tell_all
from handoffs.services.refusals import CannotWaive, OwnedByNow
from handoffs.services.routing import check_can_take


@transaction.atomic
def assign_handoff(*, handoff_id: int, to_user_id: int, now: datetime, actor: User) -> Handoff:
    """Find an owner for what nobody owns. It stays with whoever got it meanwhile, by turn or from another
    manager; that it is with the same person already is no refusal.

    A manager's word counts more than capacity. Raises `ManagersOnly`, `CannotTake`, `HandoffNotOpen`,
    `OwnedByNow`, `Handoff.DoesNotExist`.
    """
    check_manager(actor)
    check_can_take(to_user_id, now=now)
    handoff = lock_handoff(handoff_id)
    check_legal(handoff, Act.ASSIGN)
    if handoff.owner_id not in (None, to_user_id):
        raise OwnedByNow(handoff)
    if handoff.owner_id is None:
        move([handoff], [to_user_id], now=now, actor=actor)
    return handoff


@transaction.atomic
def reassign_handoffs(*, handoff_ids: Sequence[int], to_user_id: int, now: datetime, actor: User) -> int:
    """Give open handoffs, waiting ones too, to one person; return how many moved. Those the person has
    already stay.

    A manager's word counts more than capacity. Raises `ManagersOnly`, `CannotTake`, and `HandoffNotOpen` if
    any of them has ended: then none moves.
    """
    check_manager(actor)
    check_can_take(to_user_id, now=now)
    handoffs = lock_handoffs(handoff_ids)
    for handoff in handoffs:
        check_legal(handoff, Act.ASSIGN)
    moving = [handoff for handoff in handoffs if handoff.owner_id != to_user_id]
    if moving:
        move(moving, [to_user_id] * len(moving), now=now, actor=actor)
    return len(moving)


@transaction.atomic
def waive_breach(*, breach_id: int, reason: str, now: datetime, actor: User) -> Waiver:
    """Excuse a breach, with a reason; it stays on record and no longer counts. Its owner is told.

    What its clock asks for may still be done, but nobody is reminded of it, nothing is escalated and the
    handoff does not move on for it.

    Raises `ManagersOnly`, `CannotWaive` (no reason, or waived already), `Breach.DoesNotExist`.
    """
    check_manager(actor)
    breach = Breach.objects.get(pk=breach_id)
    # Under the lock that the sweep takes, too: it either acted before or leaves this clock alone.
    breach.handoff = lock_handoff(breach.handoff_id)
    if not reason.strip():
        raise CannotWaive(_("Say why the breach is waived."))
    if Waiver.objects.filter(breach=breach).exists():
        raise CannotWaive(_("This breach is waived already."))
    waiver = Waiver.objects.create(breach=breach, reason=reason.strip()[:300], user=actor, at=now)
    Deadline.objects.filter(pk=breach.deadline_id).update(next_action_at=None)
    if breach.owner_id != actor.pk:
        tell_all([_waived(waiver, actor)], now=now)
    return waiver


def _waived(waiver: Waiver, actor: User) -> Note:
    breach = waiver.breach
    return Note(
        reader_id=breach.owner_id,
        kind=NoteKind.WAIVED,
        fact_id=breach.pk,
        lead_id=breach.handoff.lead_id,
        lead=breach.handoff.lead.name,
        version_id=breach.version_id,
        clause_key=breach.clause_key,
        person=str(actor),
        reason=waiver.reason,
    )
