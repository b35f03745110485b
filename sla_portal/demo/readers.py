"""What the demo company's returned leads do with the e-mails of a nurture track."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from nurture.models import Delivery
from nurture.services import follow_offer, note_fetch, unsubscribe

OPENS_WITHIN_HOURS = 20
BOUNCES = 6
"""Which of the addresses, in the order in which they are first written to, is no more."""
BOUNCED = "550 5.1.1 No such user here"
HAVE_ENOUGH = (8, 14)
"""Which e-mail is one too many for its reader, and every how many from then on: whatever the calendar, a few are."""


class Reaction(NamedTuple):
    at: datetime
    run: Callable[[datetime], None]


class Readers:
    """Everybody who is written to. The readier ones follow an offer more often; a few have had enough."""

    def __init__(self, random: Random, readiness: Mapping[str, float]) -> None:
        self.random = random
        self.readiness = readiness
        self.addresses: set[str] = set()
        self.count = 0

    def bounces(self, delivery: Delivery) -> bool:
        """Whether the address is the one that refuses mail."""
        is_new = delivery.address not in self.addresses
        self.addresses.add(delivery.address)
        return is_new and len(self.addresses) == BOUNCES

    def receive(self, delivery: Delivery) -> Reaction | None:
        """What somebody does with an e-mail that was just sent, and when; most do nothing."""
        self.count += 1
        luck = self.random.random()
        at = delivery.queued_at + timedelta(hours=self.random.uniform(0.2, OPENS_WITHIN_HOURS))
        follows = 0.08 + 0.30 * self.readiness.get(delivery.address, 0.4)
        first, every = HAVE_ENOUGH
        if self.count % every == first:
            return Reaction(at, lambda now: self._leave(delivery, now))
        if luck < follows:
            return Reaction(at, lambda now: self._follow(delivery, now))
        return None

    def _follow(self, delivery: Delivery, now: datetime) -> None:
        note_fetch(delivery_id=delivery.pk, now=now)
        follow_offer(delivery_id=delivery.pk, now=now)

    def _leave(self, delivery: Delivery, now: datetime) -> None:
        unsubscribe(delivery_id=delivery.pk, now=now)
