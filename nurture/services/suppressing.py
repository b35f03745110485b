"""Addresses that are not written to: they unsubscribed, they refuse mail, or a person asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from handoffs.services.locks import lock_leads
from leads.models import Lead
from nurture.models import Delivery, EndedWhy, Enrolment, SuppressedWhy, Suppression
from nurture.services.leaving import end_enrolments
from nurture.services.refusals import NotSuppressed


def suppress_addresses(
    addresses: Mapping[str, Delivery | None],
    *,
    why: SuppressedWhy,
    detail: str = "",
    now: datetime,
    actor: User | None = None,
) -> int:
    """Never write to these addresses again; the delivery is what made it known. Returns how many are new.

    What is suppressed already stays as it is. Inside a transaction.
    """
    rows = [
        Suppression(
            address=address.lower(), why=why, detail=detail[:500], at=now, by=actor, delivery=delivery
        )
        for address, delivery in sorted(addresses.items(), key=lambda pair: pair[0])
    ]
    known = Suppression.objects.in_force().filter(address__in=[row.address for row in rows])
    before = set(known.values_list("address", flat=True))
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return len({row.address for row in rows} - before)


@transaction.atomic
def take_bounces(message_ids: Sequence[int], *, now: datetime) -> int:
    """The server refuses these messages for their address: it is suppressed, and whoever has it leaves.

    Messages of others than nurture are left alone. Returns how many deliveries were refused.
    """
    refused = Delivery.objects.filter(message__in=message_ids, refused_at=None)
    _lock_whoever_has(refused.values_list("address", flat=True))
    deliveries = list(refused.select_related("enrolment", "message").order_by("address"))
    for delivery in deliveries:
        delivery.refused_at = now
        detail = delivery.message.last_error if delivery.message else ""
        suppress_addresses({delivery.address: delivery}, why=SuppressedWhy.BOUNCED, detail=detail, now=now)
    Delivery.objects.bulk_update(deliveries, ["refused_at"])
    _leave([delivery.address for delivery in deliveries], EndedWhy.BOUNCED, now=now)
    return len(deliveries)


def _lock_whoever_has(addresses: Iterable[str]) -> None:
    """Leads before addresses and enrolments, as everybody does who changes leads (`locks`)."""
    lead_ids = Lead.objects.filter(email__in=list(addresses)).order_by("pk").values_list("pk", flat=True)
    lock_leads(list(lead_ids))


def _leave(addresses: Sequence[str], why: EndedWhy, *, now: datetime) -> None:
    lead_ids = Enrolment.objects.active().filter(lead__email__in=addresses).values_list("lead_id", flat=True)
    end_enrolments(dict.fromkeys(sorted(lead_ids), why), now=now)


@transaction.atomic
def suppress_by_hand(*, address: str, note: str = "", now: datetime, actor: User) -> Suppression:
    """Somebody was asked not to write to an address any more. Asked again, the first time counts."""
    _lock_whoever_has([address.lower()])
    suppress_addresses({address: None}, why=SuppressedWhy.BY_HAND, detail=note, now=now, actor=actor)
    _leave([address.lower()], EndedWhy.SUPPRESSED, now=now)
    return Suppression.objects.in_force().get(address=address.lower())


@transaction.atomic
def lift_suppression(*, suppression_id: int, why: str, now: datetime, actor: User) -> Suppression:
    """An address may be written to again, because of `why`; who said so stays on record.

    The lead's consent is not given back by that: whoever unsubscribed has to give it. Raises
    `NotSuppressed` where it was lifted already.
    """
    suppression = Suppression.objects.in_force().select_for_update().filter(pk=suppression_id).first()
    if suppression is None:
        raise NotSuppressed(_("This address may be written to already."))
    suppression.lifted_at, suppression.lifted_by, suppression.lifted_why = now, actor, why[:300]
    suppression.save(update_fields=["lifted_at", "lifted_by", "lifted_why"])
    return suppression
