"""What a server's answer means, how long to wait, what a header may hold."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.rules import (
    JITTER,
    LONGEST_PAUSE,
    Outcome,
    one_line,
    outcome,
    pause,
    plain_text,
    server_pause,
    wrong_header,
)


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        (450, "450 4.2.0 Greylisted, come back in 5 minutes", Outcome.RETRY),
        (452, "452 4.2.2 Mailbox full", Outcome.RETRY),
        (550, "550 5.1.1 No such user", Outcome.REFUSED),
        (550, "550 No such user here", Outcome.REFUSED),
        (554, "554 Transaction failed", Outcome.REFUSED),
        (550, "550 5.4.1 Recipient address rejected: Access denied", Outcome.REFUSED),
        (552, "552 5.2.2 Mailbox full", Outcome.RETRY),
        (554, "554 5.2.2 Mailbox full", Outcome.RETRY),
        (552, "552 5.3.4 Message too large", Outcome.STUCK),
        (554, "554 5.7.1 Relay access denied", Outcome.STUCK),
        (550, "550 5.7.26 Unauthenticated mail is not accepted", Outcome.STUCK),
        (530, "530 Log in first", Outcome.STUCK),
        (554, "554 from host 10.5.1.1: no", Outcome.REFUSED),
    ],
)
def test_outcome_of_a_reply(code, words, expected):
    assert outcome(code, words) == expected


def test_pauses_grow_and_stop_growing():
    middle = [pause(tries, 0.5) for tries in range(1, 12)]
    assert middle[:4] == [timedelta(seconds=seconds) for seconds in (30, 60, 120, 240)]
    assert middle == sorted(middle)
    assert middle[-1] == LONGEST_PAUSE
    assert sum(middle, timedelta()) > timedelta(hours=7)
    assert [server_pause(n, 0.5).total_seconds() for n in (1, 2, 3, 100)] == [5, 10, 20, 300]


@given(st.integers(0, 40_000), st.floats(0, 1, exclude_max=True))
def test_jitter_stays_within_a_fifth(tries, chance):
    middle = pause(tries, 0.5)
    assert abs(pause(tries, chance) - middle) <= JITTER * middle + timedelta(microseconds=1)


@given(st.text(), st.integers(1, 40))
def test_one_line_has_no_line_break_no_control_and_fits(text, longest):
    line = one_line(text, longest=longest)
    assert len(line) <= longest
    assert len(line.splitlines()) <= 1
    line.encode()
    assert "\x00" not in line


@given(st.text(st.characters()))
def test_plain_text_is_left_alone(text):
    assert plain_text(text + "\x00\ud800") == plain_text(text)
    plain_text(text).encode()


def test_wrong_headers():
    wrong = [name for name in ("List-Unsubscribe", "X-A", "To", "SUBJECT", "a b", "") if wrong_header(name)]
    assert wrong == ["To", "SUBJECT", "a b", ""]
