"""What the demo company's returned leads do with the e-mails of a nurture track."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from nurture.models import Delivery
from nurture.services import follow_offer, note_fetch, unsubscribe

OPENS_WITHIN_HOURS = 20


class Reaction(NamedTuple):
    at: datetime
    run: Callable[[datetime], None]


class Readers:
    """Everybody who is written to. The readier ones follow an offer more often; a few have had enough."""

    def __init__(self, random: Random, readiness: Mapping[str, float]) -> None:
        self.random = random
        self.readiness = readiness

    def receive(self, delivery: Delivery) -> Reaction | None:
        """What somebody does with an e-mail that was just sent, and when; most do nothing."""
        luck = self.random.random()
        at = delivery.queued_at + timedelta(hours=self.random.uniform(0.2, OPENS_WITHIN_HOURS))
        follows = 0.08 + 0.30 * self.readiness.get(delivery.address, 0.4)
        if luck < follows:
            return Reaction(at, lambda now: self._follow(delivery, now))
        if luck > 0.985:
            return Reaction(at, lambda now: self._leave(delivery, now))
        return None

    def _follow(self, delivery: Delivery, now: datetime) -> None:
        note_fetch(delivery_id=delivery.pk, now=now)
        follow_offer(delivery_id=delivery.pk, now=now)

    def _leave(self, delivery: Delivery, now: datetime) -> None:
        unsubscribe(delivery_id=delivery.pk, now=now)
