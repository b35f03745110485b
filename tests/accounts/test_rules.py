"""Time zones and addresses as people type them."""

from zoneinfo import ZoneInfo

import pytest

from accounts.rules import find_time_zone, normal_email, time_zones


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
