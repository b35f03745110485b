"""What people do with a lead on its page when no handoff is open: hand it to sales, and what becomes of the deal."""

from datetime import datetime

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from agreements.models import Version
from handoffs.forms import DealForm, HandOffForm, ReasonForm, TakeBackForm
from handoffs.models import ReturnReason
from handoffs.services import hand_off_by_hand, mark_lost, mark_won, open_opportunity, take_back_decision
from handoffs.terms import terms_of
from handoffs.views.act_page import ActPage, Values, data_of, perform
from leads.models import Lead


def _hand_off_form(lead: Lead, request: PortalRequest) -> forms.Form:
    return HandOffForm(data_of(request))


def _hand_off(lead: Lead, values: Values, now: datetime, actor: User) -> object:
    return hand_off_by_hand(lead_id=lead.pk, note=values["note"], now=now, actor=actor)


def _deal_form(lead: Lead, request: PortalRequest) -> forms.Form:
    return DealForm(data_of(request), initial={"value": lead.value})


def _lose_form(lead: Lead, request: PortalRequest) -> forms.Form:
    version = Version.objects.active().filter(agreement=lead.agreement_id).first()
    reasons = terms_of(version.pk).reasons_for(ReturnReason.Act.LOSE) if version else []
    return ReasonForm(data_of(request), reasons=reasons)


def _open(lead: Lead, values: Values, now: datetime, actor: User) -> object:
    return open_opportunity(lead_id=lead.pk, value=values["value"], now=now, actor=actor)


def _win(lead: Lead, values: Values, now: datetime, actor: User) -> object:
    return mark_won(lead_id=lead.pk, value=values["value"], now=now, actor=actor)


def _lose(lead: Lead, values: Values, now: datetime, actor: User) -> object:
    return mark_lost(
        lead_id=lead.pk, reason_key=values["reason_key"], note=values["note"], now=now, actor=actor
    )


def _take_back(lead: Lead, values: Values, now: datetime, actor: User) -> object:
    return take_back_decision(lead_id=lead.pk, reason=values["reason"], now=now, actor=actor)


def _take_back_form(lead: Lead, request: PortalRequest) -> forms.Form:
    return TakeBackForm(data_of(request))


HAND_OFF: ActPage[Lead] = ActPage(
    _("Hand to sales"), _("Hand over"), _("handed to sales."), _hand_off_form, _hand_off
)
DEALS: dict[str, ActPage[Lead]] = {
    "opportunity": ActPage(_("Open an opportunity"), _("Open"), _("opportunity opened."), _deal_form, _open),
    "won": ActPage(_("Won"), _("Mark as won"), _("won."), _deal_form, _win),
    "lost": ActPage(_("Lost"), _("Mark as lost"), _("lost."), _lose_form, _lose, danger=True),
    "take-back": ActPage(
        _("Take back the decision"),
        _("Take back"),
        _("back where it stood before."),
        _take_back_form,
        _take_back,
    ),
}


@requires(Capability.HAND_OFF)
def hand_off(request: PortalRequest, pk: int) -> HttpResponse:
    """Hand a lead to sales by hand, with a note."""
    return _perform(request, HAND_OFF, pk)


@requires(Capability.WORK_HANDOFFS)
def deal(request: PortalRequest, pk: int, name: str) -> HttpResponse:
    """What becomes of a qualified lead: opportunity, won, lost, or that taken back."""
    if name not in DEALS:
        raise Http404
    return _perform(request, DEALS[name], pk)


def _perform(request: PortalRequest, page: ActPage[Lead], pk: int) -> HttpResponse:
    lead = get_object_or_404(Lead, pk=pk)
    return perform(request, page, lead, lead=lead, back=reverse("leads:detail", args=[pk]))
