"""E-mail without a database: what a server's answer means, how long to wait, what a header may hold."""

import re
from datetime import timedelta
from enum import Enum

MOST_TRIES = 12
"""With the pauses below some eight hours: longer than greylisting and a restart, shorter than a person's day."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=2)
FIRST_SERVER_PAUSE, LONGEST_SERVER_PAUSE = timedelta(seconds=5), timedelta(minutes=5)
JITTER = 0.2

ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
NOT_ABOUT_THE_ADDRESS = frozenset({3, 6, 7})
"""Subjects of enhanced status codes (RFC 3463): mail system, content, policy."""
CLOSING = 421
"""The server ends the connection, whatever it was asked."""
WANTS_LOG_IN = frozenset({530, 535, 538})
MAILBOX_FULL = (2, 2)

HEADER_NAME = re.compile(r"[!-9;-~]+")
OURS = frozenset(
    """from to cc bcc sender reply-to subject date message-id mime-version content-type
    content-transfer-encoding auto-submitted return-path received""".split()
)
NEVER_IN_TEXT = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL, or UTF-8, cannot hold."""
NEVER_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class Outcome(Enum):
    """What a server's answer asks for."""

    RETRY = "retry"
    REFUSED = "refused"
    STUCK = "stuck"


def outcome(code: int, words: str) -> Outcome:
    """What to do after a reply to RCPT or DATA with this code (RFC 5321) and these words.

    A permanent reply refuses the address, unless its enhanced status code (RFC 3463) says that it is about
    something else: then a person has to look, and no address is given up. A full mailbox may have room later.
    """
    if code < 500:
        return Outcome.RETRY
    found = ENHANCED.search(words)
    subject, detail = (int(found[2]), int(found[3])) if found else (0, 0)
    if code == 552 or (subject, detail) == MAILBOX_FULL:
        return Outcome.STUCK if subject in NOT_ABOUT_THE_ADDRESS else Outcome.RETRY
    if code in WANTS_LOG_IN or subject in NOT_ABOUT_THE_ADDRESS:
        return Outcome.STUCK
    return Outcome.REFUSED


def pause(tries: int, chance: float) -> timedelta:
    """How long to wait after so many tries: 30 s, 1, 2, 4, … minutes, at most 2 h, give or take a fifth.

    `chance` in [0, 1) spreads e-mails that failed together, so that they do not come back together.
    """
    return _growing(FIRST_PAUSE, LONGEST_PAUSE, tries, chance)


def server_pause(failures: int, chance: float) -> timedelta:
    """How long to leave a server alone that failed so many times in a row: 5, 10, 20, … s, at most 5 min."""
    return _growing(FIRST_SERVER_PAUSE, LONGEST_SERVER_PAUSE, failures, chance)


def _growing(first: timedelta, longest: timedelta, times: int, chance: float) -> timedelta:
    doubled = min(longest, first * (1 << min(max(times - 1, 0), 20)))
    return doubled * (1 - JITTER + 2 * JITTER * chance)


def one_line(text: str, *, longest: int) -> str:
    """The text as a header may hold it: no line break, no control character, cut with an ellipsis."""
    plain = " ".join(NEVER_IN_A_LINE.sub(" ", text).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def plain_text(text: str) -> str:
    """The text without what the database cannot hold."""
    return NEVER_IN_TEXT.sub("", text)


def wrong_header(name: str) -> bool:
    """Whether nobody but the outbox may set this header, or it is no header's name at all."""
    return not HEADER_NAME.fullmatch(name) or name.lower() in OURS
