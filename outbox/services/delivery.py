"""Sending the e-mails that wait, each at least once (docs/decisions/0011-mail-at-least-once.md)."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from smtplib import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
)
from time import monotonic

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.db.models import F

from outbox.extensions import NotYet, vetoes
from outbox.models import MailServer, Message, MessageState
from outbox.rules import CLOSING, MOST_TRIES, Outcome, outcome
from outbox.services.letters import letter
from outbox.services.records import put_off, record, try_later
from outbox.services.server import Server, ServerTrouble, note_answer, note_failure, reply, said

BATCH = 20
LEASE = timedelta(minutes=3)
"""After which another worker sends what a killed one had taken. Longer than a pass with its last e-mail."""
LONGEST_PASS = 20.0
"""Seconds after which a pass takes no further e-mail."""
SENDERS_LOCK = 0x5E4D
"""First key of the advisory locks that count who is sending."""
ASKED_AGAIN = timedelta(hours=6)
"""After which an e-mail that has to wait is looked at again, if nobody has it looked at before (`send_waiting`)."""
MOST_DROPS = 2
"""So many lost connections in a row are the server's fault rather than an e-mail's."""

log = structlog.get_logger(__name__)


@dataclass
class Pass:
    """One go of a worker. Its clock starts at the caller's `now` and runs on with the machine's."""

    started: datetime
    seconds: float
    server: Server = field(default_factory=Server)
    begun: float = field(default_factory=monotonic)
    drops: int = 0
    answered: int = 0

    @property
    def now(self) -> datetime:
        return self.started + timedelta(seconds=monotonic() - self.begun)

    @property
    def is_over(self) -> bool:
        return monotonic() - self.begun > self.seconds


def deliver_mails(*, now: datetime, seconds: float = LONGEST_PASS) -> int:
    """Send what waits till none is left or `seconds` have passed; return how many got an answer.

    Any number of workers may call this at once and be killed anywhere: each takes other rows, and no more
    than EMAIL_SENDERS send while the others leave at once. Each step commits by itself, so no transaction may
    be open.
    """
    if not settings.EMAIL_IS_SET or not _anything_to_do(now):
        return 0
    this = Pass(now, seconds)
    with _one_of_the_senders() as may_send:
        if may_send:
            _deliver(this)
    return this.answered


def _anything_to_do(now: datetime) -> bool:
    if not Message.objects.mails().waiting(now=now).exists():
        return False
    return not MailServer.objects.filter(next_try_at__gt=now).exists()


@contextmanager
def _one_of_the_senders() -> Iterator[bool]:
    """Hold one of EMAIL_SENDERS places, which a killed worker gives back at once; False when all are taken."""
    mine = next((place for place in range(settings.EMAIL_SENDERS) if _take(place)), None)
    try:
        yield mine is not None
    finally:
        if mine is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [SENDERS_LOCK, mine])


def _take(place: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [SENDERS_LOCK, place])
        return bool(cursor.fetchone()[0])


def _deliver(this: Pass) -> None:
    try:
        while not this.is_over and (batch := _lease(this)):
            _send_batch(batch, this)
    except ServerTrouble as trouble:
        note_failure(str(trouble), now=this.now)
    else:
        if this.server.was_opened:
            note_answer()
    finally:
        this.server.close()


@transaction.atomic
def _lease(this: Pass) -> list[Message]:
    """Take the next e-mails: nobody else does for as long as LEASE, and the try counts even if we die."""
    due = Message.objects.mails().waiting(now=this.started).order_by("next_attempt_at", "pk")
    batch = list(due.select_for_update(skip_locked=True)[:BATCH])
    Message.objects.filter(pk__in=[each.pk for each in batch]).update(
        attempts=F("attempts") + 1, next_attempt_at=this.now + LEASE
    )
    for each in batch:
        each.attempts += 1
    return batch


def _send_batch(batch: Sequence[Message], this: Pass) -> None:
    """Send each and record each at once, so that a kill repeats one e-mail and not twenty. Those that nobody
    came to wait as if they had not been taken. Without anything to send the server is left alone."""
    left = {each.pk: each for each in batch}
    try:
        vetoed = _vetoed_or_put_off(batch, this)
        left = {pk: each for pk, each in left.items() if not isinstance(vetoed.get(pk), NotYet)}
        for pk in left.keys() & vetoed.keys():
            record(left.pop(pk), MessageState.WITHHELD, now=this.now, why=vetoed[pk])
        while left and not this.is_over:
            this.server.ensure_open()
            _send(left.pop(next(iter(left))), this)
    finally:
        _give_back(left, this)


@transaction.atomic
def _vetoed_or_put_off(batch: Sequence[Message], this: Pass) -> dict[int, str]:
    """Who must not be sent, and why; those that only have to wait are put off till they are asked for again.

    In one transaction, so that a veto can lock what it goes by: what ends the waiting then comes before the
    question, or finds the e-mails put off.
    """
    vetoed = _vetoed(batch)
    waiting = {each: vetoed[each.pk] for each in batch if isinstance(vetoed.get(each.pk), NotYet)}
    put_off(waiting, until=this.now + ASKED_AGAIN)
    return vetoed


def _vetoed(batch: Sequence[Message]) -> dict[int, str]:
    """Who must not be sent, and why. A reason of an earlier veto stands."""
    answers = [veto(batch) for veto in vetoes]
    known = {each.pk for each in batch}
    return {pk: why for answer in reversed(answers) for pk, why in answer.items() if pk in known}


def _give_back(ids: Collection[int], this: Pass) -> None:
    if ids:
        untouched = Message.objects.filter(pk__in=list(ids), state=MessageState.PENDING)
        untouched.update(attempts=F("attempts") - 1, next_attempt_at=this.now)


def _send(message: Message, this: Pass) -> None:
    """One e-mail and what became of it. Raises ServerTrouble when the server is of no use for the next."""
    if message.attempts > MOST_TRIES:
        why = message.last_error or "Whoever sent it never came back to say what became of it."
        return record(message, MessageState.STUCK, now=this.now, why=why)
    try:
        built = letter(message, now=this.now, through=this.server.backend)
        built.message()
    except Exception as error:  # whatever it is, the next try would meet it again
        log.exception("mail_not_built", message_id=message.pk)
        return record(message, MessageState.STUCK, now=this.now, why=said(error))
    return _talk(message, built, this)


def _talk(message: Message, built: EmailMultiAlternatives, this: Pass) -> None:
    try:
        this.server.backend.send_messages([built])
    except SMTPRecipientsRefused as error:
        _after_reply(message, *next(iter(error.recipients.values())), this)
    except SMTPDataError as error:
        _after_reply(message, error.smtp_code, error.smtp_error, this)
    except SMTPSenderRefused as error:
        _after_sender_refused(message, error, this)
    except (SMTPNotSupportedError, ValueError) as error:
        record(message, MessageState.STUCK, now=this.now, why=said(error))
    except (OSError, SMTPException) as error:
        _after_drop(message, said(error), this)
    else:
        this.drops, this.answered = 0, this.answered + 1
        record(message, MessageState.SENT, now=this.now)


STATES = {Outcome.REFUSED: MessageState.REFUSED, Outcome.STUCK: MessageState.STUCK}


def _after_reply(message: Message, code: int, words: bytes | str, this: Pass) -> None:
    why = reply(code, words)
    if code == CLOSING:
        return _after_drop(message, why, this)
    this.drops, this.answered = 0, this.answered + 1
    found = outcome(code, why)
    if found == Outcome.RETRY:
        return try_later(message, now=this.now, why=why)
    return record(message, STATES[found], now=this.now, why=why)


def _after_sender_refused(message: Message, error: SMTPSenderRefused, this: Pass) -> None:
    """Our own address is refused, so every e-mail would be; unless this one is too large."""
    why = reply(error.smtp_code, error.smtp_error)
    if error.smtp_code == 552:
        return record(message, MessageState.STUCK, now=this.now, why=why)
    if error.smtp_code == CLOSING:
        return _after_drop(message, why, this)
    try_later(message, now=this.now, why=why)
    if error.smtp_code >= 500:
        raise ServerTrouble(why)
    return None


def _after_drop(message: Message, why: str, this: Pass) -> None:
    """The connection is gone, and with it the answer: perhaps it was sent. It is tried again in any case."""
    this.server.drop()
    this.drops += 1
    try_later(message, now=this.now, why=why)
    if this.drops >= MOST_DROPS:
        raise ServerTrouble(why)
