"""Reads about notices."""

from dataclasses import dataclass

from django.db.models import Count, Max, QuerySet

from accounts.models import User
from outbox.models import Notice

LATEST = 5


@dataclass(frozen=True)
class Unread:
    """How many notices somebody has not read, and the newest of them (0 when there is none)."""

    count: int
    newest: int

    @property
    def mark(self) -> str:
        """Changes whenever the bell would look different because of what came or was read."""
        return f"{self.count}-{self.newest}"


def unread(user: User) -> Unread:
    """One query over the index of what is unread."""
    found = Notice.objects.filter(user=user).unread().aggregate(count=Count("pk"), newest=Max("pk"))
    return Unread(found["count"], found["newest"] or 0)


def notices(user: User, *, only_unread: bool = False) -> QuerySet[Notice]:
    """Somebody's notices, the unread ones first, newest first."""
    mine = Notice.objects.filter(user=user)
    return mine.unread() if only_unread else mine.unread_first()


def latest(user: User) -> list[Notice]:
    """The newest few, read or not, for the bell."""
    return list(Notice.objects.filter(user=user)[:LATEST])


def urgent_since(user: User, notice_id: int) -> list[Notice]:
    """Unread urgent notices that came after that one, oldest first."""
    newer = Notice.objects.filter(user=user, urgent=True, pk__gt=notice_id).unread()
    return list(newer.order_by("pk")[:LATEST])
