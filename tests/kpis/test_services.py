"""Visitors come in, by the batch and by the file; told again they change nothing."""

import io
from datetime import date, datetime

import pytest

from agreements.models import Version
from kpis.models import TrafficDay
from kpis.services import TrafficFileError, TrafficItem, import_traffic, upsert_traffic

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 1)


def kept() -> list[tuple[str, str, int]]:
    rows = TrafficDay.objects.values_list("day", "source", "visitors")
    return [(f"{day:%d}", source, visitors) for day, source, visitors in rows]


def take(text: str, now: datetime, encoding: str = "utf-8") -> tuple[int, int, int, list[tuple[int, str]]]:
    done = import_traffic(file=io.BytesIO(text.encode(encoding)), now=now, actor=None)
    return done.created, done.updated, done.unchanged, [(wrong.line, wrong.column) for wrong in done.errors]


def test_upsert_traffic_tells_created_updated_unchanged_and_errors(starter: Version, now: datetime) -> None:
    slug = starter.agreement.slug
    items = [
        TrafficItem(day=DAY, visitors=5, source="ads"),
        TrafficItem(day=DAY, visitors=7),
        TrafficItem(day=DAY, visitors=9, agreement=slug),
        TrafficItem(day=date(2027, 1, 1), visitors=1),
        TrafficItem(day=DAY, visitors=-1, source="x"),
        TrafficItem(day=DAY, visitors=6, source="ads"),
        TrafficItem(day=DAY, visitors=1, agreement="none-such"),
    ]
    results = upsert_traffic(items, now=now, actor=None)
    assert [result.status.value for result in results] == ["created"] * 3 + ["error"] * 4
    assert [result.error.field for result in results if result.error] == [
        "day",
        "visitors",
        "visitors",
        "agreement",
    ]
    again = upsert_traffic([items[0], TrafficItem(day=DAY, visitors=8)], now=now, actor=None)
    assert [result.status.value for result in again] == ["unchanged", "updated"]
    assert sorted(kept()) == [("01", "", 8), ("01", "", 9), ("01", "ads", 5)]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("day,source,visitors\n2026-11-01,ads,1200\n2026-11-02,ads,7\n", "utf-8"),
        ("\ufeffTag;Kanal;Besucher\r\n01.11.2026;ads;1.200\r\n02.11.2026;ads;7\r\n", "utf-8"),
        ("Date\tUsers\tSession source\n2026-11-01\t1,200\tads\n2026-11-02\t7\tads\n", "utf-16"),
    ],
)
def test_import_traffic_the_same_file_twice_changes_nothing(now: datetime, text: str, encoding: str) -> None:
    assert take(text, now, encoding) == (2, 0, 0, [])
    assert kept() == [("01", "ads", 1200), ("02", "ads", 7)]
    assert take(text, now, encoding) == (0, 0, 2, [])


def test_import_traffic_one_bad_line_stops_no_other(now: datetime) -> None:
    text = "day,visitors\n2026-11-01,5\nyesterday,5\n\n2026-11-02,many\n2026-11-02,1.5\n2026-11-02\n2026-11-02,6\n"
    assert take(text, now) == (2, 0, 0, [(3, "day"), (5, "visitors"), (6, "visitors"), (7, "visitors")])


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "day,visitors\n", "\x89PNG\r\n\x1a\n" + "\0" * 40])
def test_import_traffic_says_what_is_wrong_with_a_file(now: datetime, text: str) -> None:
    with pytest.raises(TrafficFileError, match=r"\w+ \w+"):
        take(text, now, "latin-1")
    assert kept() == []
