"""Whether e-mails that are queued now may go out."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings

from outbox.models import MessageState

_keeping: ContextVar[bool] = ContextVar("keeping_mails", default=False)


@contextmanager
def keeping_mails() -> Iterator[None]:
    """What is queued inside is kept for reading and never sent: for histories that are made up or replayed."""
    token = _keeping.set(True)
    try:
        yield
    finally:
        _keeping.reset(token)


def first_state() -> MessageState:
    """The state an e-mail is queued in."""
    return MessageState.PENDING if settings.EMAIL_IS_SET and not _keeping.get() else MessageState.KEPT
