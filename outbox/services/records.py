"""Recording what became of an e-mail, with the signal in the same transaction."""

import random
from collections.abc import Mapping
from datetime import datetime

import structlog
from django.db import connection, transaction
from django.dispatch import Signal

from outbox.models import Message, MessageState
from outbox.rules import MOST_TRIES, one_line, pause
from outbox.services.server import LONGEST_WORDS
from outbox.signals import mails_refused, mails_sent

SIGNALS: dict[MessageState, Signal] = {
    MessageState.SENT: mails_sent,
    MessageState.REFUSED: mails_refused,
}
log = structlog.get_logger(__name__)


def record(message: Message, state: MessageState, *, now: datetime, why: str = "") -> None:
    """Record a final state, unless another worker recorded one meanwhile.

    The e-mail is out of our hands whether or not a receiver fails. So a failure of one is logged and told in
    `last_error`, and the state is recorded all the same: rolling back would send the e-mail again and again.
    """
    try:
        _record(message, state, now, why)
    except Exception as error:
        log.exception("mail_receiver_failed", message_id=message.pk, state=state)
        words = f"{why} {type(error).__name__}: {error}".strip()
        _record(message, state, now, words, silently=True)


@transaction.atomic
def _record(message: Message, state: MessageState, now: datetime, why: str, silently: bool = False) -> None:
    mine = Message.objects.filter(pk=message.pk, state=MessageState.PENDING)
    if state != MessageState.SENT:  # that it was sent is true whoever holds the lease now
        mine = mine.filter(attempts=message.attempts)
    changed = mine.update(
        state=state,
        sent_at=now if state == MessageState.SENT else None,
        next_attempt_at=None,
        last_error=one_line(why, longest=LONGEST_WORDS),
    )
    if changed and state in SIGNALS and not silently:
        SIGNALS[state].send(Message, message_ids=[message.pk], now=now)


PUT_OFF = """
UPDATE outbox_message AS message
SET attempts = message.attempts - 1, next_attempt_at = %(until)s, last_error = held.why
FROM unnest(%(ids)s::bigint[], %(attempts)s::int[], %(whys)s::text[]) AS held (id, attempts, why)
WHERE message.id = held.id AND message.attempts = held.attempts AND message.state = %(pending)s
"""


def put_off(held: Mapping[Message, str], *, until: datetime) -> None:
    """Leave them waiting till then and say why, with their tries as they were: nobody tried to send them.

    One statement whatever their number.
    """
    if not held:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            PUT_OFF,
            {
                "until": until,
                "ids": [message.pk for message in held],
                "attempts": [message.attempts for message in held],
                "whys": [one_line(why, longest=LONGEST_WORDS) for why in held.values()],
                "pending": MessageState.PENDING.value,
            },
        )


def try_later(message: Message, *, now: datetime, why: str) -> None:
    """Have it tried again after a pause; or by a person, when it was tried often enough."""
    if message.attempts >= MOST_TRIES:
        return record(message, MessageState.STUCK, now=now, why=why)
    Message.objects.filter(pk=message.pk, state=MessageState.PENDING, attempts=message.attempts).update(
        next_attempt_at=now + pause(message.attempts, random.random()),
        last_error=one_line(why, longest=LONGEST_WORDS),
    )
    return None
