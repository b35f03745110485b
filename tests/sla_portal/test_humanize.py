"""Words for times, lengths, numbers and money."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from sla_portal import humanize
from sla_portal.humanize import describe_due, say_day, say_instant, say_length, say_measured, say_when

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 18, tzinfo=UTC)  # a Tuesday, 13:18 in Berlin


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(hours=1, minutes=12), "due in 1 h 12 min · Tue 14:30"),
        (timedelta(hours=2), "due in 2 h · Tue 15:18"),
        (timedelta(minutes=40, seconds=59), "due in 40 min · Tue 13:58"),
        (timedelta(seconds=59), "due in under a minute · Tue 13:18"),
        (timedelta(0), "due in under a minute · Tue 13:18"),
        (timedelta(seconds=-1), "late by under a minute · Tue 13:17"),
        (timedelta(minutes=-25), "late by 25 min · Tue 12:53"),
        (timedelta(hours=-47), "late by 1 day · Sun 14:18"),
        (timedelta(days=3, hours=2), "due in 3 days · Fri 15:18"),
        (timedelta(days=20), "due in 20 days · 14 Dec 13:18"),
        (timedelta(days=60), "due in 60 days · 23 Jan 2027"),
    ],
)
def test_describe_due(ahead: timedelta, words: str) -> None:
    assert str(describe_due(NOW + ahead, NOW, BERLIN)) == words


def test_describe_due_is_exact_in_the_viewers_zone() -> None:
    due = describe_due(NOW + timedelta(hours=1, minutes=12), NOW, BERLIN)
    assert due.exact == "Tuesday 24 November 2026, 14:30 CET"


@given(st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)))
def test_describe_due_never_says_zero_and_never_promises_more_than_is_left(ahead: timedelta) -> None:
    due = describe_due(NOW + ahead, NOW, BERLIN)
    numbers = [int(word) for word in due.relative.split() if word.isdigit()]
    assert 0 not in numbers
    assert due.is_late == (ahead < timedelta(0))
    units = {"day": 1440, "days": 1440, "h": 60, "min": 1}
    words = due.relative.split()
    said = sum(int(n) * units[unit] for n, unit in pairwise(words) if n.isdigit())
    assert timedelta(minutes=said) <= abs(ahead)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(seconds=-30), "just now"),
        (timedelta(seconds=30), "just now"),
        (timedelta(minutes=-25), "25 min ago"),
        (timedelta(minutes=40), "in 40 min"),
        (timedelta(hours=-4), "today 09:18"),
        (timedelta(hours=-21, minutes=-8), "yesterday 16:10"),
        (timedelta(hours=20), "tomorrow 09:18"),
        (timedelta(days=-4), "Fri 13:18"),
        (timedelta(days=-40), "15 Oct 14:18"),
        (timedelta(days=-400), "20 Oct 2025"),
    ],
)
def test_say_when(ahead: timedelta, words: str) -> None:
    assert say_when(NOW + ahead, NOW, BERLIN) == words


def test_say_when_goes_by_the_viewers_day() -> None:
    late_evening = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    morning = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert say_when(late_evening, morning, UTC) == "yesterday 23:30"
    assert say_when(late_evening, morning, BERLIN) == "today 00:30"


def test_say_instant_keeps_weekdays_to_six_days() -> None:
    assert say_instant(NOW + timedelta(days=6), NOW, BERLIN) == "Mon 13:18"
    assert say_instant(NOW + timedelta(days=7), NOW, BERLIN) == "1 Dec 13:18"


def test_say_day() -> None:
    days = [say_day(NOW - timedelta(days=n), NOW, BERLIN) for n in (0, 1, 7, 400)]
    assert days == ["Today", "Yesterday", "Tuesday 17 November", "Monday 20 October 2025"]


def test_say_length_counts_down_to_days() -> None:
    lengths = [
        timedelta(seconds=59),
        timedelta(minutes=59),
        timedelta(hours=23, minutes=59),
        timedelta(days=1),
    ]
    assert [say_length(length) for length in lengths] == ["under a minute", "59 min", "23 h 59 min", "1 day"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (humanize.say_number(1204), "1,204"),
        (humanize.say_number(Decimal("2.345"), 2), "2.35"),
        (humanize.say_number(None), "–"),
        (humanize.say_percent(0.934), "93%"),
        (humanize.say_percent(Decimal("0.9345"), 1), "93.5%"),
        (humanize.say_percent(None), "–"),
        (humanize.say_money(1_234_000, "EUR"), "€1,234,000"),
        (humanize.say_money(Decimal("-940.5"), "CHF", 2), "−CHF 940.50"),
        (humanize.say_money_short(1_234_000, "EUR"), "€1.2M"),
        (humanize.say_money_short(86_400, "USD"), "$86k"),
        (humanize.say_money_short(940, "EUR"), "€940"),
        (humanize.say_money_short(999_999, "EUR"), "€1.0M"),
        (humanize.say_money_short(None, "EUR"), "–"),
    ],
)
def test_numbers_and_money(said: str, expected: str) -> None:
    assert said == expected


def test_numbers_follow_the_language() -> None:
    with translation.override("de"):
        assert humanize.say_number(Decimal("1204.5"), 1) == "1.204,5"


def test_clock_words_cover_every_day_they_promise() -> None:
    words = humanize.clock_words()
    assert words["days"][0] == "1 day"
    assert words["days"][-1] == f"{humanize.LONGEST_COUNTED_DAYS} days"
    assert words["hoursMinutes"] == "%(hours)s h %(minutes)s min"


def test_say_measured_rounds_and_keeps_a_tenth_of_a_day() -> None:
    lengths = [
        timedelta(seconds=40),
        timedelta(minutes=71, seconds=40),
        timedelta(hours=23, minutes=59, seconds=40),
        timedelta(seconds=171_553),
        timedelta(hours=36),
        timedelta(days=5, hours=13),
    ]
    said = ["under a minute", "1 h 12 min", "1 day", "2 days", "1.5 days", "5.5 days"]
    assert [say_measured(length) for length in lengths] == said
