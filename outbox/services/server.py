"""The mail server as a whole: the connection to it, and how it answered last."""

import random
from datetime import datetime
from smtplib import SMTPException, SMTPResponseException

import structlog
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from outbox.models import MailServer
from outbox.rules import one_line, server_pause
from outbox.smtp import EmailBackend

LONGEST_WORDS = 500
log = structlog.get_logger(__name__)


class ServerTrouble(Exception):
    """The server cannot be used at all just now; no e-mail is to blame. `str()` says what it answered."""


class Server:
    """A connection to the mail server that is opened for the first e-mail, and again where it was lost."""

    def __init__(self) -> None:
        self.backend: BaseEmailBackend = get_connection()
        self.was_opened = False

    def ensure_open(self) -> None:
        """Open the connection where there is none yet, or none any more. Raises ServerTrouble."""
        if isinstance(self.backend, EmailBackend) and not self.backend.is_open:
            self.close()
            self._open()
        elif not self.was_opened:
            self._open()

    def _open(self) -> None:
        try:
            self.backend.open()
        except (OSError, SMTPException, ValueError) as error:
            self.close()
            raise ServerTrouble(said(error)) from error
        self.was_opened = True

    def drop(self) -> None:
        """Forget a connection that went wrong, without waiting for the server's farewell."""
        if isinstance(self.backend, EmailBackend):
            self.backend.hang_up()
        self.close()

    def close(self) -> None:
        try:
            self.backend.close()
        except (OSError, SMTPException, ValueError) as error:
            log.warning("mail_server_not_closed", error=said(error))


@transaction.atomic
def note_failure(why: str, *, now: datetime) -> None:
    """Remember that the server failed, and leave it alone for longer than the last time."""
    server, _created = MailServer.objects.select_for_update().get_or_create(pk=MailServer.ONLY)
    server.failures += 1
    server.failing_since = server.failing_since or now
    server.next_try_at = now + server_pause(server.failures, random.random())
    server.last_error = one_line(why, longest=LONGEST_WORDS)
    server.save()
    log.warning("mail_server_failed", failures=server.failures, error=server.last_error)


def note_answer() -> None:
    """Remember that the server answers again."""
    MailServer.objects.filter(failures__gt=0).update(
        failures=0, failing_since=None, next_try_at=None, last_error=""
    )


def said(error: Exception) -> str:
    """What went wrong as the server, or the system, says it."""
    if isinstance(error, SMTPResponseException):
        return reply(error.smtp_code, error.smtp_error)
    return one_line(str(error) or type(error).__name__, longest=LONGEST_WORDS)


def reply(code: int, words: bytes | str) -> str:
    """A server's reply as one line of text: “550 5.1.1 No such user”."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return one_line(f"{code} {text}", longest=LONGEST_WORDS)
