"""Queueing e-mails in the transaction of the act that causes them (law 1)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection
from django.utils.translation import gettext as _

from outbox.models import Channel, MessageState
from outbox.rules import one_line, plain_text, wrong_header
from outbox.services.keeping import first_state

LONGEST_SUBJECT, LONGEST_NAME, LONGEST_ADDRESS, LONGEST_HEADER = 250, 200, 254, 900


@dataclass(frozen=True)
class Mail:
    """One e-mail to one address.

    `dedup_key` names the fact and its reader: whatever was queued under a key is never queued again. `html`
    is shown instead of `text` by programs that can. `headers` are added to those the outbox sets itself
    (From, To, Subject, Date, Message-ID, Auto-Submitted). Line breaks in subject, name and header values
    become spaces; a subject beyond 250 characters is cut.
    """

    to: str
    subject: str
    text: str
    dedup_key: str
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    user_id: int | None = None
    to_name: str = ""


QUEUE = """
WITH asked AS (
    SELECT DISTINCT ON (dedup_key) *
    FROM unnest(%(to)s::text[], %(names)s::text[], %(subjects)s::text[], %(texts)s::text[],
                %(htmls)s::text[], %(headers)s::jsonb[], %(kinds)s::text[], %(users)s::bigint[],
                %(ids)s::text[], %(errors)s::text[], %(keys)s::text[])
        WITH ORDINALITY AS asked ("to", to_name, subject, text, html, headers, kind, user_id, message_id,
                                  last_error, dedup_key, position)
    ORDER BY dedup_key, position
)
INSERT INTO outbox_message
    (channel, dedup_key, user_id, kind, context, state, attempts, next_attempt_at, created_at,
     "to", to_name, subject, text, html, headers, message_id, last_error)
SELECT %(channel)s, dedup_key, user_id, kind, '{}',
       CASE WHEN last_error = '' THEN %(state)s ELSE %(refused)s END, 0,
       CASE WHEN last_error = '' AND %(state)s = %(pending)s THEN %(now)s END, %(now)s,
       "to", to_name, subject, text, html, headers, message_id, last_error
FROM asked
ORDER BY dedup_key
ON CONFLICT (channel, dedup_key) DO NOTHING
RETURNING id, dedup_key
"""
# Sorted by key, so that two batches with keys in common wait for each other instead of dead-locking.


def queue_mails(mails: Sequence[Mail], *, now: datetime) -> list[int | None]:
    """Write an e-mail to be sent for each of `mails` whose key was not told before; return the ids of the
    messages in their order, None where the key was told already, or stands earlier in `mails`.

    One statement whatever their number; in the caller's transaction, so that the e-mails commit with the act.
    An address that no server could take is not lost: its message is REFUSED at once, `last_error` says why
    and no signal follows; ask `address_problem` before if that matters. Without a mail server the messages
    are KEPT. Raises ValueError for headers that are not the caller's to set.
    """
    if not mails:
        return []
    with connection.cursor() as cursor:
        cursor.execute(QUEUE, _values(mails, now))
        ids = {key: int(pk) for pk, key in cursor.fetchall()}
    return [ids.pop(mail.dedup_key, None) for mail in mails]


def _values(mails: Sequence[Mail], now: datetime) -> dict[str, Any]:
    return {
        "to": [one_line(mail.to, longest=320) for mail in mails],
        "names": [one_line(str(mail.to_name), longest=LONGEST_NAME) for mail in mails],
        "subjects": [one_line(str(mail.subject), longest=LONGEST_SUBJECT) for mail in mails],
        "texts": [plain_text(str(mail.text)) for mail in mails],
        "htmls": [plain_text(str(mail.html)) for mail in mails],
        "headers": [json.dumps(_headers(mail)) for mail in mails],
        "kinds": [mail.kind for mail in mails],
        "users": [mail.user_id for mail in mails],
        "ids": [new_message_id() for _mail in mails],
        "errors": [address_problem(mail.to) for mail in mails],
        "keys": [mail.dedup_key for mail in mails],
        "channel": Channel.EMAIL.value,
        "state": first_state().value,
        "pending": MessageState.PENDING.value,
        "refused": MessageState.REFUSED.value,
        "now": now,
    }


def _headers(mail: Mail) -> dict[str, str]:
    for name in mail.headers:
        if wrong_header(name):
            raise ValueError(f"{name!r} is no header that an e-mail may add")
    return {name: one_line(str(value), longest=LONGEST_HEADER) for name, value in mail.headers.items()}


def address_problem(address: str) -> str:
    """Why no e-mail could be sent to this address, in words; empty when its form is right."""
    try:
        validate_email(address)
    except ValidationError:
        return _("“%(address)s” is no e-mail address.") % {"address": one_line(address, longest=100)}
    return ""


def new_message_id() -> str:
    """A Message-ID nobody else has, of the domain that e-mails come from (RFC 5322, 3.6.4)."""
    return f"<{uuid4().hex}@{mail_domain()}>"


def mail_domain() -> str:
    """The domain of the sender's address."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return address.rpartition("@")[2] or "localhost"
