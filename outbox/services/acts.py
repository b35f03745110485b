"""What people do about e-mails that did not go out."""

from collections.abc import Collection
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from outbox.models import TRIED_AGAIN, MailServer, Message, MessageState
from outbox.services.delivery import LEASE
from outbox.services.mails import Mail, queue_mails


def retry_mails(*, message_ids: Collection[int], now: datetime, actor: User) -> int:
    """Have e-mails tried again at once, with all their tries before them; return how many.

    Leaves alone what is sent, waits, was never meant to go out, or has lost its text. Who said no to it (a
    veto) is asked again.
    """
    mails = Message.objects.mails().filter(pk__in=message_ids, state__in=TRIED_AGAIN, emptied_at=None)
    return mails.update(state=MessageState.PENDING, attempts=0, next_attempt_at=now)


def retry_stuck(*, now: datetime, actor: User) -> int:
    """Have every stuck e-mail tried again at once; return how many."""
    return Message.objects.mails().stuck().update(state=MessageState.PENDING, attempts=0, next_attempt_at=now)


def send_waiting(*, message_ids: Collection[int], now: datetime) -> int:
    """Have those of these e-mails that have to wait looked at at once; return how many.

    What a worker may be sending at the moment is left to it: its lease, or its row while it records.
    """
    waiting = Message.objects.mails().filter(pk__in=message_ids, state=MessageState.PENDING)
    later = waiting.filter(next_attempt_at__gt=now + LEASE).select_for_update(skip_locked=True)
    return Message.objects.filter(pk__in=list(later.values_list("pk", flat=True))).update(next_attempt_at=now)


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


def queue_trial(*, now: datetime, actor: User) -> None:
    """Send the administrator an e-mail that says nothing but that it came."""
    queue_mails(
        [
            Mail(
                to=actor.email,
                to_name=actor.name,
                subject=_("The portal’s e-mail works"),
                text=_("You asked the SLA portal for a trial. As you read this, its e-mails arrive."),
                dedup_key=f"trial-{actor.pk}-{now.isoformat()}",
                kind="outbox.trial",
                user_id=actor.pk,
            )
        ],
        now=now,
    )
