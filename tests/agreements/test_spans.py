"""Spans of time as written in an agreement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.business_time import Schedule, ScheduleError
from agreements.spans import MAX_AMOUNT, Span, SpanError, Unit

OFFICE = Schedule.from_dict(
    {
        "zone": "Europe/Berlin",
        "week": {
            day: [["09:00", "12:30"], ["13:30", "18:00"]] for day in ["mon", "tue", "wed", "thu", "fri"]
        },
    }
)


@pytest.mark.parametrize(
    ("text", "span", "written"),
    [
        ("4 business hours", Span(4, Unit.BUSINESS_HOUR), "4 business hours"),
        ("1 business hour", Span(1, Unit.BUSINESS_HOUR), "1 business hour"),
        ("1 business hours", Span(1, Unit.BUSINESS_HOUR), "1 business hour"),
        ("2 business day", Span(2, Unit.BUSINESS_DAY), "2 business days"),
        ("30 business minutes", Span(30, Unit.BUSINESS_MINUTE), "30 business minutes"),
        ("0 business days", Span(0, Unit.BUSINESS_DAY), "0 business days"),
        ("5 minutes", Span(5, Unit.MINUTE), "5 minutes"),
        ("24 hours", Span(24, Unit.HOUR), "24 hours"),
        ("1 day", Span(1, Unit.DAY), "1 day"),
        ("  4  Business\tHOURS \n", Span(4, Unit.BUSINESS_HOUR), "4 business hours"),
        ("007 days", Span(7, Unit.DAY), "7 days"),
        ("10000 minutes", Span(MAX_AMOUNT, Unit.MINUTE), "10000 minutes"),
    ],
)
def test_parse_and_print(text: str, span: Span, written: str) -> None:
    assert Span.parse(text) == span
    assert str(span) == written


@given(st.builds(Span, st.integers(0, MAX_AMOUNT), st.sampled_from(Unit)))
def test_parse_reads_what_is_printed(span: Span) -> None:
    assert Span.parse(str(span)) == span


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4",
        "hours",
        "4 bisness hours",
        "4 businesshours",
        "4businessdays",
        "4 business",
        "-1 hours",
        "1.5 hours",
        "1,5 hours",
        "4 weeks",
        "4 hourss",
        "4 hours 30 minutes",
        "four hours",
        "١٢ hours",
    ],
)
def test_parse_refuses_in_words(text: str) -> None:
    with pytest.raises(SpanError) as refusal:
        Span.parse(text)
    assert str(refusal.value) == (
        f"“{text}” is not a time span: write for example “4 business hours”, “2 business days” or “24 hours”."
    )


@pytest.mark.parametrize(("amount", "written"), [(-1, "-1 hours"), (10_001, "10001 hours")])
def test_an_amount_out_of_range_is_refused(amount: int, written: str) -> None:
    with pytest.raises(SpanError) as refusal:
        Span(amount, Unit.HOUR)
    assert str(refusal.value) == f"“{written}” is out of range: a span counts from 0 to 10000."


def test_parse_refuses_an_amount_without_measure() -> None:
    with pytest.raises(SpanError, match="not a time span"):
        Span.parse("9" * 5000 + " hours")


@pytest.mark.parametrize(
    ("text", "due"),
    [
        pytest.param("90 business minutes", "2026-03-30 10:00", id="business minutes"),
        pytest.param("4 business hours", "2026-03-30 12:30", id="business hours"),
        pytest.param("0 business days", "2026-03-27 18:00", id="the business day itself"),
        pytest.param("2 business days", "2026-03-31 18:00", id="business days"),
        pytest.param("90 minutes", "2026-03-27 19:00", id="minutes"),
        pytest.param("72 hours", "2026-03-30 18:30", id="hours, over the change of clocks"),
        pytest.param("3 days", "2026-03-30 18:30", id="days of 24 hours each"),
    ],
)
def test_due_from_friday_half_an_hour_before_closing(text: str, due: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 3, 27, 17, 30, tzinfo=berlin)
    assert Span.parse(text).due(OFFICE, start) == datetime.fromisoformat(due).replace(tzinfo=berlin)


@pytest.mark.parametrize("unit", list(Unit))
def test_due_is_in_utc(unit: Unit) -> None:
    start = datetime(2026, 3, 27, 12, tzinfo=timezone(timedelta(hours=-7)))
    assert Span(1, unit).due(OFFICE, start).tzinfo is UTC


@pytest.mark.parametrize("unit", list(Unit))
def test_due_refuses_an_instant_without_a_zone(unit: Unit) -> None:
    with pytest.raises(ScheduleError, match="needs a time zone"):
        Span(1, unit).due(OFFICE, datetime(2026, 3, 27, 12))
