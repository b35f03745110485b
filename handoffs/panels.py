"""What the lead's page shows of its handoffs: what may be done now, and the receipt."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.roles import Capability, Side
from handoffs.models import EventKind, Handoff, HandoffEvent
from handoffs.rules import Act, is_legal
from handoffs.selectors.queue import all_handoffs, rows_of
from handoffs.selectors.receipt import handoffs_of, past_of, receipt_of
from leads.extensions import Panel
from leads.models import Lead
from leads.selectors.stages import stage_before_decision
from leads.stages import Stage, rank

DEALS: Mapping[str, tuple[str, ...]] = {
    Stage.SQL: ("opportunity", "won", "lost"),
    Stage.OPPORTUNITY: ("won", "lost"),
}


def acts(request: HttpRequest, lead: Lead, now: datetime) -> Mapping[str, Any] | None:
    """The open handoff with its acts; without one, handing over by hand, or what becomes of the deal.

    None where there is nothing to tell and nothing to do.
    """
    user = cast(User, request.user)
    handoff = all_handoffs().filter(lead=lead.pk).open().first()
    if handoff:
        [row] = rows_of([handoff], now=now, tz=timezone.get_current_timezone())
        return {"row": row, "acts": row.acts if _may_work(user, handoff.owner_id) else ()}
    deals = DEALS.get(lead.stage, ()) if _may_work(user, lead.owner_id, is_free=True) else ()
    if user.can(Capability.MANAGE_HANDOFFS) and stage_before_decision(lead):
        deals = ("take-back",)
    may_hand_off = user.can(Capability.HAND_OFF) and 0 <= rank(lead.stage) < rank(Stage.SQL)
    return {"deals": deals, "may_hand_off": may_hand_off} if deals or may_hand_off else None


def _may_work(user: User, owner_id: int | None, *, is_free: bool = False) -> bool:
    """One's own, or anybody's for managers; what nobody owns only where it is free to take."""
    if not user.can(Capability.WORK_HANDOFFS):
        return False
    is_own = owner_id == user.pk or (is_free and owner_id is None)
    return is_own or user.can(Capability.MANAGE_HANDOFFS)


def receipt(request: HttpRequest, lead: Lead, now: datetime) -> Mapping[str, Any] | None:
    """The newest handoff in full and the others in a line; None for a lead that never was handed over."""
    handoffs = handoffs_of(lead.pk)
    if not handoffs:
        return None
    newest, *others = handoffs
    return {
        "receipt": receipt_of(newest, now=now, tz=timezone.get_current_timezone()),
        "past": [past_of(handoff) for handoff in others],
        "may_dispute": _may_dispute(cast(User, request.user), newest),
        "may_manage": cast(User, request.user).can(Capability.MANAGE_HANDOFFS),
    }


def _may_dispute(user: User, handoff: Handoff) -> bool:
    """Marketing's managers dispute an ending once."""
    is_theirs = user.side == Side.MARKETING and user.can(Capability.EDIT_AGREEMENT)
    if not is_theirs or not is_legal(Act.DISPUTE, handoff.state):
        return False
    return not HandoffEvent.objects.filter(handoff=handoff, kind=EventKind.DISPUTED).exists()


ACTS_PANEL = Panel("handoffs/panels/acts.html", acts, order=10, place="head")
RECEIPT_PANEL = Panel("handoffs/panels/receipt.html", receipt, order=20)
