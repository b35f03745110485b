"""Time zones, addresses and numbers as people type them."""

from zoneinfo import ZoneInfo

import pytest

from accounts.rules import find_time_zone, normal_email, time_zones, whole_number


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" europe/berlin ", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("america/new york", "America/New_York"),
        ("utc", "UTC"),
        ("Buenos Aires", None),  # America/ and America/Argentina/: two names
        ("Atlantis", None),
        ("", None),
        ("/", None),
        ("localtime", None),
    ],
)
def test_find_time_zone(typed, zone):
    assert find_time_zone(typed) == zone


def test_every_time_zone_can_be_used():
    assert len(time_zones()) > 400
    assert all(ZoneInfo(name) for name in time_zones())


def test_normal_email():
    assert normal_email("  Ada.King@Example.COM ") == "ada.king@example.com"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("42", 42),
        ("007", 7),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), None),
        ("0" * 19 + "1", None),
        ("9" * 5000, None),
        ("²", None),
        ("٣", None),
        ("-1", None),
        ("1.0", None),
        (" 1", None),
        ("", None),
        (None, None),
    ],
)
def test_a_whole_number_is_one_that_an_id_can_be(text, number):
    assert whole_number(text) == number
