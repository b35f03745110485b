"""Whose a lead is, and who may say so."""

from collections.abc import Collection

from django.utils.translation import gettext
from msgspec import UNSET, UnsetType

from accounts.models import User
from accounts.roles import Capability
from leads.extensions import owner_keepers
from leads.models import Lead
from leads.services.items import Unfit

Named = str | UnsetType | None
"""Whom an item names as owner: an address, null for nobody, or no word of it."""


class Owners:
    """The owners that a batch's items name. Nothing is read where no item names any, null included."""

    def __init__(self, named: Collection[Named], *, lead_ids: Collection[int], actor: User | None) -> None:
        """`lead_ids` are the known leads of the batch, locked, so that what is read of them holds."""
        is_named = any(name is not UNSET for name in named)
        self._ids = _people({name for name in named if name})
        self._kept = _kept(lead_ids) if is_named and lead_ids else {}
        self._actor = actor

    def find(self, name: Named) -> int | UnsetType | None:
        """The person's id. Raises `Unfit` for an address that is nobody's."""
        if not name:
            return UNSET if name is UNSET else None
        if name not in self._ids:
            raise Unfit("owner", gettext("Nobody here has the e-mail address %(email)s.") % {"email": name})
        return self._ids[name]

    def why_not(self, lead_id: int, owner_id: int | None) -> str:
        """Why the owner of the lead, now `owner_id`, stays; empty if it may change."""
        if lead_id in self._kept:
            return self._kept[lead_id]
        if owner_id is not None and _may_only_take(self._actor):
            return gettext("Only a manager gives a lead that has an owner to somebody else.")
        return ""


def why_owner_stays(lead: Lead, *, actor: User) -> str:
    """Why the actor may not change the owner of a lead, in words; empty if they may."""
    return Owners([None], lead_ids=[lead.pk], actor=actor).why_not(lead.pk, lead.owner_id)


def _people(emails: Collection[str]) -> dict[str, int]:
    return dict(User.objects.filter(email__in=emails).values_list("email", "pk")) if emails else {}


def _kept(lead_ids: Collection[int]) -> dict[int, str]:
    return {lead_id: why for keeper in owner_keepers for lead_id, why in keeper(lead_ids).items()}


def _may_only_take(actor: User | None) -> bool:
    """Whoever works handoffs without managing them takes what nobody has; what another works is theirs."""
    if actor is None:
        return False
    return actor.can(Capability.WORK_HANDOFFS) and not actor.can(Capability.MANAGE_HANDOFFS)
