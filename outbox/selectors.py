"""Reads about notices and e-mails."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Max, QuerySet

from accounts.models import User
from accounts.rules import whole_number
from outbox.models import Channel, MailServer, Message, MessageState, Notice

LATEST = 5
MAILS_A_PAGE = 50
MOST_COUNTED = 1000
"""E-mails of one state are counted up to here: more is "many", and counting them costs."""


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


COUNT_MAILS = """
SELECT state, (
    SELECT count(*) FROM (
        SELECT FROM outbox_message
        WHERE channel = %(channel)s AND outbox_message.state = asked.state LIMIT %(most)s
    ) AS counted
)
FROM unnest(%(states)s::text[]) AS asked (state)
"""


def mail_counts() -> dict[str, int]:
    """How many e-mails are in each state, up to MOST_COUNTED. One query over the index of states."""
    states = [state.value for state in MessageState]
    with connection.cursor() as cursor:
        cursor.execute(COUNT_MAILS, {"channel": Channel.EMAIL.value, "most": MOST_COUNTED, "states": states})
        return dict(cursor.fetchall())


@dataclass(frozen=True)
class MailPage:
    """E-mails, newest first; `previous` and `following` are cursors, where there is more."""

    mails: list[Message]
    previous: str | None
    following: str | None


def mail_page(*, state: str = "", address: str = "", cursor: str = "") -> MailPage:
    """Those in that state, to that whole address in any case. A cursor is the id of an e-mail, and a minus
    before it asks for those before."""
    found = Message.objects.mails().defer("text", "html", "headers", "context")
    if state:
        found = found.filter(state=state)
    if address:
        found = found.filter(to__iexact=address)
    place, back = _place(cursor)
    if back:
        rows = list(found.filter(pk__gt=place).order_by("pk")[: MAILS_A_PAGE + 1])
        shown = rows[:MAILS_A_PAGE][::-1]
        more = shown[-1].pk if shown else None
        return MailPage(
            shown, _before(shown) if len(rows) > MAILS_A_PAGE else None, str(more) if more else None
        )
    rows = list((found.filter(pk__lt=place) if place else found).order_by("-pk")[: MAILS_A_PAGE + 1])
    shown = rows[:MAILS_A_PAGE]
    following = str(shown[-1].pk) if len(rows) > MAILS_A_PAGE else None
    return MailPage(shown, _before(shown) if place else None, following)


def _place(cursor: str) -> tuple[int, bool]:
    number = whole_number(cursor.removeprefix("-"))
    return (0, False) if number is None else (number, cursor.startswith("-"))


def _before(shown: list[Message]) -> str | None:
    return f"-{shown[0].pk}" if shown else None


def mail_server_trouble() -> MailServer | None:
    """The mail server's failures, if it failed when it was last asked."""
    return MailServer.objects.filter(failures__gt=0).first()
