"""What people do about e-mails that did not go out."""

from collections.abc import Collection
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from outbox.models import MailServer, Message, MessageState

SENT_AGAIN = (MessageState.STUCK, MessageState.REFUSED, MessageState.WITHHELD)
"""States a person may have tried again; whoever says no to it (a veto) is asked again."""


def retry_mails(*, message_ids: Collection[int], now: datetime, actor: User) -> int:
    """Have e-mails tried again at once, with all their tries before them; return how many.

    Leaves alone what is sent, waits, was never meant to go out, or has lost its text.
    """
    mails = Message.objects.mails().filter(pk__in=message_ids, state__in=SENT_AGAIN, emptied_at=None)
    return mails.update(state=MessageState.PENDING, attempts=0, next_attempt_at=now)


def retry_stuck(*, now: datetime, actor: User) -> int:
    """Have every stuck e-mail tried again at once; return how many."""
    return Message.objects.mails().stuck().update(state=MessageState.PENDING, attempts=0, next_attempt_at=now)


def withhold_mails(*, message_ids: Collection[int], now: datetime, actor: User) -> int:
    """Give up e-mails that are stuck; return how many. `retry_mails` takes it back."""
    stuck = Message.objects.mails().stuck().filter(pk__in=message_ids)
    return stuck.update(
        state=MessageState.WITHHELD,
        next_attempt_at=None,
        last_error=_("%(name)s gave it up.") % {"name": actor},
    )


def retry_server(*, now: datetime, actor: User) -> None:
    """Ask the mail server at once, without waiting for the end of the pause."""
    MailServer.objects.filter(next_try_at__gt=now).update(next_try_at=now)
