"""Telling people things, each once, in the transaction of the act that causes it (law 1)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from outbox.models import Channel, MessageState, Notice, NoticeQuerySet
from outbox.rules import one_line, plain_text
from outbox.services.keeping import first_state
from outbox.services.mails import LONGEST_SUBJECT, mail_domain


@dataclass(frozen=True)
class Tell:
    """One thing for one reader.

    `dedup_key` names the fact and its reader (`deadline-12-reminder-1-user-7`): whatever was told under a key
    is never told again. `url` is an address of the portal. `urgent` also shows it over the page that is
    open, and queues an e-mail under the same key if the reader wants those (`User.urgent_by_email`). A title
    beyond 200 or a body beyond 500 characters is cut. `language` is the one it is written in, the reader's; what
    the e-mail adds is in the same.
    """

    user_id: int
    kind: str
    title: str
    dedup_key: str
    body: str = ""
    url: str = ""
    urgent: bool = False
    language: str = "en"


TELL = """
WITH asked AS (
    SELECT DISTINCT ON (dedup_key) *
    FROM unnest(%(users)s::bigint[], %(kinds)s::text[], %(titles)s::text[], %(bodies)s::text[],
                %(urls)s::text[], %(urgent)s::boolean[], %(texts)s::text[], %(subjects)s::text[],
                %(keys)s::text[])
        WITH ORDINALITY AS asked (user_id, kind, title, body, url, urgent, text, subject, dedup_key, position)
    ORDER BY dedup_key, position
), told AS (
    INSERT INTO outbox_message
        (channel, dedup_key, user_id, kind, context, state, attempts, created_at, sent_at)
    SELECT %(channel)s, dedup_key, user_id, kind, '{}', %(state)s, 1, %(now)s, %(now)s
    FROM asked
    ORDER BY dedup_key
    ON CONFLICT (channel, dedup_key) DO NOTHING
    RETURNING id, dedup_key
), mailed AS (
    INSERT INTO outbox_message
        (channel, dedup_key, user_id, kind, context, state, attempts, next_attempt_at, created_at,
         "to", to_name, subject, text, message_id)
    SELECT %(by_email)s, dedup_key, reader.id, kind, '{}', %(mail_state)s, 0,
           CASE WHEN %(mail_state)s = %(pending)s THEN %(now)s::timestamptz END, %(now)s,
           reader.email, reader.name, subject, text, format('<%%s@%%s>', gen_random_uuid(), %(domain)s)
    FROM told JOIN asked USING (dedup_key) JOIN accounts_user AS reader ON reader.id = user_id
    WHERE asked.urgent AND reader.is_active AND reader.urgent_by_email
    ORDER BY dedup_key
    ON CONFLICT (channel, dedup_key) DO NOTHING
)
INSERT INTO outbox_notice (message_id, user_id, title, body, url, urgent, created_at)
SELECT told.id, user_id, title, body, url, urgent, %(now)s
FROM told JOIN asked USING (dedup_key)
ORDER BY position
"""
# Sorted by key, so that two batches with keys in common wait for each other instead of dead-locking.


def tell(tells: Sequence[Tell], *, now: datetime) -> int:
    """Write a message, already sent, and its notice for each of `tells` that was not told before; and the
    e-mail of what is urgent.

    Returns how many were new. One statement whatever their number; in the caller's transaction, so that the
    notices commit with the act.
    """
    if not tells:
        return 0
    values: dict[str, Any] = {
        "users": [each.user_id for each in tells],
        "kinds": [each.kind for each in tells],
        "titles": [_cut(each.title, to=200) for each in tells],
        "bodies": [_cut(each.body, to=500) for each in tells],
        "urls": [each.url for each in tells],
        "urgent": [each.urgent for each in tells],
        "texts": [_letter_text(each) if each.urgent else "" for each in tells],
        "subjects": [
            one_line(str(each.title), longest=LONGEST_SUBJECT) if each.urgent else "" for each in tells
        ],
        "keys": [each.dedup_key for each in tells],
        "channel": Channel.IN_APP.value,
        "state": MessageState.SENT.value,
        "by_email": Channel.EMAIL.value,
        "mail_state": first_state().value,
        "pending": MessageState.PENDING.value,
        "domain": mail_domain(),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(TELL, values)
        return int(cursor.rowcount)


def _letter_text(told: Tell) -> str:
    """What the e-mail of an urgent notice says: the notice, where it leads, and how to get no more of them."""
    link = f"{settings.PORTAL_URL}{told.url}" if told.url else ""
    account = f"{settings.PORTAL_URL}{reverse('accounts:profile')}"
    with override(told.language):
        foot = _("You get urgent notices by e-mail. Change that in your account: %(url)s") % {"url": account}
    said = (str(told.body) or str(told.title), link, f"-- \n{foot}")
    return plain_text("\n\n".join(filter(None, said)))


def _cut(text: str, *, to: int) -> str:
    text = str(text)  # a lazy translation, too
    return text if len(text) <= to else f"{text[: to - 1]}…"


def mark_read(*, user: User, now: datetime, notice_ids: Collection[int] | None = None) -> int:
    """Mark the reader's own unread notices read, all of them or those named; return how many."""
    return _unread(user, notice_ids).update(read_at=now)


def mark_unread(*, user: User, notice_ids: Collection[int]) -> int:
    """Put the reader's own notices back to unread; return how many."""
    return Notice.objects.filter(user=user, pk__in=notice_ids).exclude(read_at=None).update(read_at=None)


def _unread(user: User, notice_ids: Collection[int] | None) -> NoticeQuerySet:
    unread = Notice.objects.filter(user=user).unread()
    return unread if notice_ids is None else unread.filter(pk__in=notice_ids)
