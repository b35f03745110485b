"""Somebody hands a lead to sales."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.models import Version
from handoffs.models import Handoff, TriggerKind
from handoffs.services.create import Candidate, create_handoffs, in_hand_of, make_mql
from handoffs.services.criteria import check_criteria
from handoffs.services.locks import lock_leads
from handoffs.services.refusals import AlreadyHandedOver, CannotHandOff, CriteriaNotMet
from handoffs.services.routing import check_can_take
from handoffs.terms import terms_of
from leads.models import Lead
from leads.stages import Stage, rank


@transaction.atomic
def hand_off_by_hand(
    *, lead_id: int, note: str, to_user_id: int | None = None, now: datetime, actor: User
) -> Handoff:
    """Hand a lead to sales under its agreement's manual trigger; `note` says why, `to_user_id` gets it
    without a turn.

    The lead becomes an MQL. Exclusions and cool-downs bind the automatic triggers only. Raises
    `CannotHandOff` (no reason, no manual trigger in force, or the lead is SQL or beyond),
    `AlreadyHandedOver`, `CannotTake`, `CriteriaNotMet` and `Lead.DoesNotExist`.
    """
    if not note.strip():
        raise CannotHandOff(_("Write down why you hand it over: sales reads it first."))
    lead = next(iter(lock_leads([lead_id])), None)
    if lead is None:
        raise Lead.DoesNotExist
    candidate = _candidate(lead, note=note, owner_id=to_user_id, now=now)
    if to_user_id is not None:
        check_can_take(to_user_id, now=now)
    if handoff := in_hand_of([lead_id]).get(lead_id):
        raise AlreadyHandedOver(handoff)
    if rank(lead.stage) < rank(Stage.MQL):
        check_criteria(lead, candidate.version.pk, Stage.MQL)
    if refused := make_mql([candidate], now=now, actor=actor):
        raise CriteriaNotMet(refused[lead_id])
    handoffs = create_handoffs([candidate], now=now, actor=actor)
    if not handoffs:
        raise CannotHandOff(_("There is nobody in sales yet who could take it: add a pool first."))
    return handoffs[0]


def _candidate(lead: Lead, *, note: str, owner_id: int | None, now: datetime) -> Candidate:
    if rank(lead.stage) >= rank(Stage.SQL):
        raise CannotHandOff(
            _("%(lead)s is beyond handing over: %(stage)s.")
            % {"lead": lead, "stage": lead.get_stage_display()}
        )
    version = Version.objects.active().select_related("agreement").filter(agreement=lead.agreement_id).first()
    triggers = terms_of(version.pk).of_kind(TriggerKind.MANUAL) if version else []
    if version is None or not triggers:
        raise CannotHandOff(_("The lead’s agreement has no handing over by hand."))
    return Candidate(lead, version, triggers[0], acted_at=now, note=note, owner_id=owner_id)
