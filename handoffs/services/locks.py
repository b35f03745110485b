"""Who may touch a handoff, one act at a time.

Every writer locks in one order: leads by id, handoffs by id, pools by id. What belongs to a handoff (its
deadlines, attempts, breaches, events) is written only under the handoff's own lock.
"""

from collections.abc import Sequence

from accounts.models import User
from accounts.roles import Capability
from handoffs.models import Handoff
from handoffs.rules import Act, is_legal
from handoffs.services.refusals import HandoffNotOpen, ManagersOnly, NotYourHandoff
from leads.models import Lead


def lock_leads(lead_ids: Sequence[int]) -> list[Lead]:
    """Lock leads until the transaction ends; others may still refer to them. With company and agreement."""
    return list(
        Lead.objects.filter(pk__in=lead_ids)
        .order_by("pk")
        .select_related("company", "agreement")
        .select_for_update(of=("self",), no_key=True)
    )


def lock_handoffs(handoff_ids: Sequence[int]) -> list[Handoff]:
    """Lock handoffs and their leads until the transaction ends, with what acts on them need."""
    if not handoff_ids:
        return []
    lead_ids = Handoff.objects.filter(pk__in=handoff_ids).values_list("lead_id", flat=True)
    lock_leads(list(lead_ids))
    return list(
        Handoff.objects.filter(pk__in=handoff_ids)
        .order_by("pk")
        .select_related("lead", "pool", "owner", "version__agreement")
        .select_for_update(of=("self",), no_key=True)
    )


def lock_handoff(handoff_id: int) -> Handoff:
    """Raises `Handoff.DoesNotExist`."""
    for handoff in lock_handoffs([handoff_id]):
        return handoff
    raise Handoff.DoesNotExist


def check_legal(handoff: Handoff, act: Act) -> None:
    """Raises `HandoffNotOpen`."""
    if not is_legal(act, handoff.state):
        raise HandoffNotOpen(handoff)


def check_owner(handoff: Handoff, actor: User) -> None:
    """The owner works a handoff, or somebody who manages them. Raises `NotYourHandoff`."""
    if handoff.owner_id != actor.pk and not actor.can(Capability.MANAGE_HANDOFFS):
        raise NotYourHandoff(handoff)


def check_manager(actor: User) -> None:
    """Raises `ManagersOnly`."""
    if not actor.can(Capability.MANAGE_HANDOFFS):
        raise ManagersOnly


def lock_for(act: Act, handoff_id: int, *, actor: User) -> Handoff:
    """The locked handoff, if the actor may do this to it now. Raises `HandoffNotOpen`, `NotYourHandoff`."""
    handoff = lock_handoff(handoff_id)
    check_owner(handoff, actor)
    check_legal(handoff, act)
    return handoff
