"""What a reader does with an e-mail: goes on to the offer, or unsubscribes. Only people do either (law 10)."""

from datetime import datetime

from django.db import transaction

from handoffs.services.locks import lock_leads
from leads.models import ChangeSource
from leads.services import ActivityItem, LeadItem, LeadKey, append_activities, upsert_leads
from nurture.models import Delivery, EndedWhy, SuppressedWhy
from nurture.selectors.wording import subject_of
from nurture.services.enrolling import suppressed_among
from nurture.services.leaving import end_enrolments
from nurture.services.letters import read
from nurture.services.suppressing import suppress_addresses

OFFER_TAKEN, UNSUBSCRIBE = "offer_taken", "unsubscribe"
"""Types of activity, which the agreement's interest rules score."""
SOURCE = "nurture"


def read_token(signed: str, purpose: str) -> Delivery | None:
    """The delivery that a link belongs to; None for a link that this portal did not make."""
    found = read(signed, purpose)
    if found is None:
        return None
    enrolment_id, position = found
    deliveries = Delivery.objects.select_related("step", "enrolment__track__agreement", "enrolment__lead")
    return deliveries.filter(enrolment=enrolment_id, step__position=position).first()


def note_fetch(*, delivery_id: int, now: datetime) -> None:
    """Something looked at the offer's page, perhaps a machine: noted once, counted nowhere."""
    Delivery.objects.filter(pk=delivery_id, fetched_at=None).update(fetched_at=now)


@transaction.atomic
def follow_offer(*, delivery_id: int, now: datetime) -> str:
    """A person went on to the offer: the lead did something, once. Returns the offer's address.

    The activity is scored in the same transaction, so that the lead may become an MQL and be handed over
    by it. Following the same link again leads on and changes nothing.
    """
    delivery = _delivery(delivery_id)
    if delivery.clicked_at is None:
        _record(delivery, OFFER_TAKEN, now=now)
        Delivery.objects.filter(pk=delivery_id, clicked_at=None).update(clicked_at=now)
    return delivery.step.offer_url


@transaction.atomic
def unsubscribe(*, delivery_id: int, now: datetime) -> Delivery:
    """The reader of a delivery wants no more e-mail: the address it went to is suppressed, and so is the one
    the lead has by now; its consent is withdrawn, and it leaves its track. Once or a hundred times, the same.

    The lead is locked before its enrolment, as by everybody who changes leads: else a batch that holds the
    lead and comes to the enrolment would lock itself out with this.
    """
    delivery = _delivery(delivery_id)
    [lead] = lock_leads([delivery.enrolment.lead_id])
    addresses = {delivery.address, lead.email or delivery.address}
    if delivery.unsubscribed_at and len(suppressed_among(addresses)) == len(addresses):
        return delivery
    suppress_addresses(dict.fromkeys(addresses, delivery), why=SuppressedWhy.UNSUBSCRIBED, now=now)
    end_enrolments({lead.pk: EndedWhy.UNSUBSCRIBED}, now=now)
    upsert_leads(
        [LeadItem(id=lead.pk, email_consent="withdrawn")], now=now, actor=None, source=ChangeSource.RULE
    )
    _record(delivery, UNSUBSCRIBE, now=now)
    Delivery.objects.filter(pk=delivery_id, unsubscribed_at=None).update(unsubscribed_at=now)
    delivery.refresh_from_db(fields=["unsubscribed_at"])
    return delivery


def _delivery(delivery_id: int) -> Delivery:
    return Delivery.objects.select_related("step", "message", "enrolment__track").get(pk=delivery_id)


def _record(delivery: Delivery, kind: str, *, now: datetime) -> None:
    """The lead's own act, once per delivery."""
    step, enrolment = delivery.step, delivery.enrolment
    payload = {"track": enrolment.track.name, "subject": subject_of(delivery)}
    if kind == OFFER_TAKEN:
        payload = {"offer": step.offer_name, "track": enrolment.track.name}
    item = ActivityItem(
        lead=LeadKey(id=enrolment.lead_id),
        type=kind,
        occurred_at=now,
        key=f"nurture-{kind}-{delivery.pk}",
        payload=payload,
        source=SOURCE,
    )
    append_activities([item], now=now, actor=None, source=ChangeSource.RULE)
