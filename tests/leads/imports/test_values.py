"""Cells as people and programs write them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.importing.dates import MONTH_FIRST, date_order, is_ambiguous_date, read_date
from leads.importing.places import read_country
from leads.importing.values import (
    BadCell,
    decimal_mark,
    read_amount,
    read_boolean,
    read_consent,
    read_count,
)

BERLIN = ZoneInfo("Europe/Berlin")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
MIDNIGHT = datetime(2026, 4, 2, 22, tzinfo=UTC)  # 3 April in Berlin
NOON = datetime(2026, 4, 3, 10, 5, tzinfo=UTC)  # 3 April 12:05 in Berlin


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2026-04-03",
            "2026/04/03",
            "2026/4/3",
            "03.04.2026",
            "3.4.26",
            "03/04/2026",
            "3-4-2026",
            "03. 04. 2026",
        ),
        *(
            "3 Apr 2026",
            "03-Apr-2026",
            "3. April 2026",
            "April 3, 2026",
            "Apr 3rd, 2026",
            "Friday, April 3, 2026",
        ),
        *("3 de abril de 2026", "3 avril 2026", "46115"),
    ],
)
def test_a_date_alone_is_the_start_of_that_day_in_the_files_zone(text: str) -> None:
    assert read_date(text, BERLIN) == MIDNIGHT


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2026-04-03T12:05:00+02:00",
            "2026-04-03T10:05:00Z",
            "2026-04-03T10:05:00.000+0000",
            "2026-04-03 12:05",
        ),
        *(
            "2026-04-03 10:05:00 UTC",
            "03.04.2026 12:05:00",
            "03/04/2026, 12:05 PM",
            "3 Apr 2026 at 12:05 p.m.",
        ),
        *("April 3, 2026 12:05", "1775210700", "1775210700000", "03/04/2026 10:05 +00:00"),
    ],
)
def test_an_instant_is_read_with_its_own_zone_or_the_files(text: str) -> None:
    assert read_date(text, BERLIN) == NOON


def test_month_first_is_a_matter_of_the_file_but_not_for_dotted_dates() -> None:
    assert read_date("04/03/2026", BERLIN, MONTH_FIRST) == MIDNIGHT
    assert read_date("03.04.2026", BERLIN, MONTH_FIRST) == MIDNIGHT


@pytest.mark.parametrize("text", ["12:05 AM", "0:05"])
def test_midnight_is_twelve_am(text: str) -> None:
    assert read_date(f"2026/04/03 {text}", UTC) == datetime(2026, 4, 3, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "31.02.2026",
            "2026-13-01",
            "13/13/2026",
            "gestern",
            "2026",
            "3 Foo 2026",
            "25:00",
            "2026-04-03 25:00",
        ),
        *("2026-04-03 13:00 PM", "0000-00-00", "9999-12-31 23:00 -05:00", "1", "99999999999999999", "٣٠/٠٤"),
    ],
)
def test_what_is_no_date_is_said(text: str) -> None:
    with pytest.raises(BadCell, match="is not a date"):
        read_date(text, BERLIN)


def test_a_day_whose_midnight_a_clock_change_leaves_out_is_still_that_day() -> None:
    """In São Paulo the clocks went from 0:00 to 1:00 on 15 October 2017."""
    at = read_date("2017-10-15", SAO_PAULO)
    assert at == datetime(2017, 10, 15, 3, tzinfo=UTC)
    assert at.astimezone(SAO_PAULO).date().isoformat() == "2017-10-15"


@given(
    at=st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    zone=st.sampled_from([BERLIN, SAO_PAULO, ZoneInfo("Asia/Kathmandu"), UTC]),
)
def test_every_way_to_write_an_instant_means_the_same(at: datetime, zone: ZoneInfo) -> None:
    expected = at.replace(tzinfo=zone).astimezone(UTC)
    for form in ("%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %I:%M:%S %p", "%d %b %Y %H:%M:%S"):
        assert read_date(at.strftime(form), zone) == expected
    assert read_date(at.strftime("%m/%d/%Y %H:%M:%S"), zone, MONTH_FIRST) == expected


def test_the_order_is_known_where_a_date_can_be_read_one_way_only() -> None:
    assert date_order(["03/04/2026", "25/04/2026"]) == "day_first"
    assert date_order(["03/04/2026", "04/25/2026"]) == "month_first"
    assert date_order(["03/04/2026", "2026-04-25", "25.04.2026"]) is None
    assert is_ambiguous_date("03/04/2026")
    assert not any(map(is_ambiguous_date, ["03.04.2026", "2026/04/03", "04/04/2026", "x"]))


@pytest.mark.parametrize(
    ("text", "mark", "amount"),
    [
        *(("1,234.50", ".", "1234.50"), ("1.234,50", ",", "1234.50"), ("1 234,50 €", ",", "1234.50")),
        *(
            ("$1,000", ".", "1000"),
            ("R$ 1.000,00", ",", "1000.00"),
            ("EUR 12", ".", "12"),
            ("12 EUR", ".", "12"),
        ),
        *(
            ("1’234.5", ".", "1234.5"),
            ("-5", ".", "-5"),
            ("0.0", ".", "0.0"),
            ("1\u202f234,5", ",", "1234.5"),
        ),
    ],
)
def test_amounts_are_read_with_the_files_decimal_mark(text: str, mark: str, amount: str) -> None:
    assert read_amount(text, mark) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "mark"), [("1234,50", "."), ("1.50", ","), ("12k", "."), ("abc", "."), ("1,23,4", ".")]
)
def test_an_amount_that_would_be_misread_is_refused(text: str, mark: str) -> None:
    with pytest.raises(BadCell):
        read_amount(text, mark)


def test_the_decimal_mark_is_known_where_a_number_tells() -> None:
    assert decimal_mark(["1.000", "12,5"]) == ","
    assert decimal_mark(["1,000.00"]) == "."
    assert decimal_mark(["1.250", "51-200", "80"]) is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("250", 250),
        ("1,250", 1250),
        ("51-200", 51),
        ("1,001 to 5,000", 1001),
        ("10,001+", 10001),
        ("50 employees", 50),
    ],
)
def test_a_range_of_employees_counts_as_its_lower_bound(text: str, count: int) -> None:
    assert read_count(text) == count


@pytest.mark.parametrize("text", ["drei", "1.5", "many"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(BadCell):
        read_count(text)


def test_yes_and_no_in_several_languages_and_in_the_files_own_words() -> None:
    assert [read_boolean(word) for word in ("Yes", "TRUE", "ja", "1", "نعم")] == [True] * 5
    assert [read_boolean(word) for word in ("No", "false", "nein", "0", "لا")] == [False] * 5
    assert read_boolean("Aye", frozenset({"aye"}), frozenset()) is True
    with pytest.raises(BadCell, match="neither yes nor no"):
        read_boolean("perhaps")


def test_consent_is_read_from_yes_and_no_and_from_its_own_words() -> None:
    words = ("yes", "Opted-in", "no", "Unsubscribed", "unknown")
    assert [read_consent(word) for word in words] == ["given", "given", "withdrawn", "withdrawn", "unknown"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(
            ("de", "DE"),
            ("Germany", "DE"),
            ("DEUTSCHLAND", "DE"),
            ("U.S.A.", "US"),
            ("UK", "GB"),
            ("Brasil", "BR"),
        ),
        *(
            ("Österreich", "AT"),
            ("South Korea", "KR"),
            ("Viet Nam", "VN"),
            ("España", "ES"),
            ("Türkiye", "TR"),
        ),
    ],
)
def test_countries_are_known_by_code_and_name(text: str, code: str) -> None:
    assert read_country(text) == code


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(BadCell, match="no country known here"):
        read_country("Germanien")


def test_hours_added_by_excel_serials_are_wall_clock_hours() -> None:
    assert read_date("46115.5", BERLIN) == MIDNIGHT + timedelta(hours=12)


@pytest.mark.parametrize("read", [read_amount, read_count])
@pytest.mark.parametrize("text", ["9" * 4_301, "9" * 120_000, f"1{' ' * 100_000}1", "1 to " * 20_000])
def test_an_endless_number_is_no_number(read: Any, text: str) -> None:
    with pytest.raises(BadCell, match="is not a number"):
        read(text)
    assert decimal_mark([text, "1,5"]) == ","


def test_a_date_with_endless_blanks_is_refused_at_once() -> None:
    with pytest.raises(BadCell, match="is not a date"):
        read_date(f"03.04.2026{' ' * 5_000}x", BERLIN)
    assert read_date("3.4.2026,   12:05", BERLIN) == NOON
