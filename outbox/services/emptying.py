"""Old e-mails lose their text: what was told, to whom and when stays."""

from datetime import datetime, timedelta

from django.db import transaction

from outbox.models import Message, MessageState

KEPT_FOR = timedelta(days=90)
SLICE = 1000


def empty_old_mails(*, now: datetime) -> int:
    """Remove text, html and headers of e-mails queued over KEPT_FOR ago that nothing waits for any more;
    return how many. In slices that each commit, so that no lock is held for long."""
    total = 0
    while done := _empty_slice(now):
        total += done
    return total


@transaction.atomic
def _empty_slice(now: datetime) -> int:
    waits = (MessageState.PENDING, MessageState.STUCK)
    old = Message.objects.mails().filter(emptied_at=None, created_at__lt=now - KEPT_FOR)
    slice_ = old.exclude(state__in=waits).select_for_update(skip_locked=True).values("pk")[:SLICE]
    return Message.objects.filter(pk__in=slice_).update(text="", html="", headers={}, emptied_at=now)
