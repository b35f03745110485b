"""Whether e-mails that are queued now may go out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.conf import settings
from django.db import transaction

from outbox.models import Message, MessageState
from outbox.signals import mails_refused, mails_sent

_keeping: ContextVar[bool] = ContextVar("keeping_mails", default=False)


@contextmanager
def keeping_mails() -> Iterator[None]:
    """What is queued inside is kept for reading and never sent: for histories that are made up or replayed."""
    token = _keeping.set(True)
    try:
        yield
    finally:
        _keeping.reset(token)


@transaction.atomic
def answer_kept(*, refused: Mapping[int, str] | None = None, now: datetime) -> int:
    """What a mail server would have said in a history that is made up: e-mails kept so far count as sent at `now`,
    those in `refused` as refused in these words, and whoever listens hears of it. Returns how many.

    None of them leaves the portal, which `context` says. Only inside `keeping_mails`: raises RuntimeError
    elsewhere, since what is kept in life was never sent.
    """
    if not _keeping.get():
        raise RuntimeError("Only a history that is made up has a server that is made up.")
    whys = refused or {}
    kept = list(Message.objects.mails().filter(state=MessageState.KEPT).only("pk", "state"))
    for message in kept:
        message.state = MessageState.REFUSED if message.pk in whys else MessageState.SENT
        message.sent_at = None if message.pk in whys else now
        message.last_error, message.context = whys.get(message.pk, ""), {"made_up": True}
    Message.objects.bulk_update(kept, ["state", "sent_at", "last_error", "context"])
    sent = [message.pk for message in kept if message.pk not in whys]
    mails_sent.send(Message, message_ids=sent, now=now)
    mails_refused.send(Message, message_ids=[pk for pk in whys if pk not in sent], now=now)
    return len(kept)


def first_state() -> MessageState:
    """The state an e-mail is queued in."""
    return MessageState.PENDING if settings.EMAIL_IS_SET and not _keeping.get() else MessageState.KEPT
