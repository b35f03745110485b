"""What becomes of a qualified lead: opportunity, won, lost; and what was said so by mistake, taken back."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Capability
from agreements.models import Version
from handoffs.models import ReturnReason
from handoffs.services.criteria import check_criteria
from handoffs.services.endings import reason_for
from handoffs.services.locks import check_manager, lock_leads
from handoffs.services.refusals import CannotTakeBack, CriteriaNotMet, NotYourLead, WrongStage
from handoffs.terms import terms_of
from leads.models import ChangeSource, Lead
from leads.selectors.stages import stage_before_decision
from leads.services import Move, advance_stages
from leads.stages import Stage


@transaction.atomic
def open_opportunity(*, lead_id: int, value: Decimal | None = None, now: datetime, actor: User) -> Lead:
    """An SQL becomes an opportunity. Raises `WrongStage`, `NotYourLead`, `CriteriaNotMet`,
    `Lead.DoesNotExist`.
    """
    return _climb(lead_id, Stage.OPPORTUNITY, (Stage.SQL,), value=value, now=now, actor=actor)


@transaction.atomic
def mark_won(*, lead_id: int, value: Decimal | None = None, now: datetime, actor: User) -> Lead:
    """An SQL or opportunity buys; `value` is in the agreement's currency. Raises as `open_opportunity`."""
    stages = (Stage.SQL, Stage.OPPORTUNITY)
    return _climb(lead_id, Stage.CUSTOMER, stages, value=value, now=now, actor=actor)


@transaction.atomic
def mark_lost(*, lead_id: int, reason_key: str, note: str = "", now: datetime, actor: User) -> Lead:
    """An SQL or opportunity is lost for a documented reason. Raises as `open_opportunity`, and
    `UnknownReason`.
    """
    lead = _lock(lead_id, actor)
    if lead.stage == Stage.LOST:
        return lead
    _check_stage(lead, (Stage.SQL, Stage.OPPORTUNITY), Stage.LOST)
    version_id = _version_id(lead)
    if version_id is None:
        raise WrongStage(_("The lead is under no agreement in force, which would know the reasons."))
    reason = reason_for(terms_of(version_id), ReturnReason.Act.LOSE, reason_key)
    words = f"{reason.title}: {note}" if note else reason.title
    return _advance(Move(lead_id, Stage.LOST, version_id, reason.key, reason=words), now=now, actor=actor)


@transaction.atomic
def take_back_decision(*, lead_id: int, reason: str, now: datetime, actor: User) -> Lead:
    """A win or a loss was a mistake: the lead goes back to where it stood, and counts as undecided again.

    No clause moves it, a person's reason does. Raises `ManagersOnly`, `CannotTakeBack` (no reason, or nothing
    to take back), `Lead.DoesNotExist`.
    """
    check_manager(actor)
    lead = _lock(lead_id, actor)
    if not reason.strip():
        raise CannotTakeBack(_("Say why it is taken back."))
    before = stage_before_decision(lead)
    if before is None:
        raise CannotTakeBack(
            _("%(lead)s is “%(stage)s”: there is no win or loss to take back.")
            % {"lead": lead, "stage": lead.get_stage_display()}
        )
    return _advance(Move(lead_id, before, None, "", reason=reason.strip()), now=now, actor=actor)


def _climb(
    lead_id: int,
    to_stage: Stage,
    from_stages: tuple[Stage, ...],
    *,
    value: Decimal | None,
    now: datetime,
    actor: User,
) -> Lead:
    lead = _lock(lead_id, actor)
    if lead.stage == to_stage:
        return lead
    _check_stage(lead, from_stages, to_stage)
    version_id, key = _version_id(lead), ""
    if version_id is not None:
        check_criteria(lead, version_id, to_stage)
        key = terms_of(version_id).definition_key(to_stage)
    return _advance(Move(lead_id, to_stage, version_id, key, value=value), now=now, actor=actor)


def _lock(lead_id: int, actor: User) -> Lead:
    lead = next(iter(lock_leads([lead_id])), None)
    if lead is None:
        raise Lead.DoesNotExist
    if lead.owner_id not in (None, actor.pk) and not actor.can(Capability.MANAGE_HANDOFFS):
        raise NotYourLead(lead)
    return lead


def _check_stage(lead: Lead, from_stages: tuple[Stage, ...], to_stage: Stage) -> None:
    if lead.stage not in from_stages:
        raise WrongStage(
            _("%(lead)s is “%(stage)s” and cannot become “%(to)s” from there.")
            % {"lead": lead, "stage": lead.get_stage_display(), "to": to_stage.label}
        )


def _version_id(lead: Lead) -> int | None:
    """The version in force of the lead's agreement."""
    return Version.objects.active().filter(agreement=lead.agreement_id).values_list("pk", flat=True).first()


def _advance(move: Move, *, now: datetime, actor: User) -> Lead:
    for refused in advance_stages([move], now=now, actor=actor, source=ChangeSource.PERSON).refused:
        raise CriteriaNotMet(refused.reason)
    return Lead.objects.select_related("company", "agreement").get(pk=move.lead_id)
