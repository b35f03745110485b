"""Settings › Visitors, and the command: what was taken, and which lines were not and why."""

import re
from datetime import datetime
from html import unescape
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.roles import Role
from kpis.models import TrafficDay
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
ADDRESS = "/settings/visitors/"
GOOD = "day,source,visitors\n2026-01-05,ads,1200\n2026-01-06,ads,7\n"
MIXED = GOOD + "2026-01-07,ads,many\nsome day,ads,4\n\n2026-01-08,ads,99999999999\n2026-01-09,,5\n"


@pytest.fixture
def marketing() -> Client:
    client = Client()
    client.force_login(UserFactory(role=Role.MARKETING_MANAGER))
    return client


def upload(client: Client, text: str | bytes, name: str = "visitors.csv") -> tuple[int, str]:
    content = text if isinstance(text, bytes) else text.encode()
    answer = client.post(ADDRESS, {"file": SimpleUploadedFile(name, content)}, follow=True)
    return answer.status_code, " ".join(re.sub(r"<[^>]+>", " ", unescape(answer.content.decode())).split())


def test_a_good_file_says_what_it_brought_and_again_that_it_changes_nothing(marketing: Client) -> None:
    assert "2 new, 0 changed, 0 unchanged, 0 not taken." in upload(marketing, GOOD)[1]
    code, words = upload(marketing, GOOD)
    assert (code, TrafficDay.objects.count()) == (200, 2)
    assert "0 new, 0 changed, 2 unchanged, 0 not taken." in words
    assert "January 2026 1,207 2 5 Jan 2026 6 Jan 2026 1" in words


def test_bad_lines_are_listed_with_line_column_and_reason_and_stop_no_other(marketing: Client) -> None:
    code, words = upload(marketing, MIXED)
    assert code == 200
    assert "3 new, 0 changed, 0 unchanged, 3 not taken." in words
    assert "4 visitors “many” is not a whole number." in words
    assert re.search(r"5 day “some day”", words)
    assert "7 visitors Visitors are a whole number from 0 to 2147483647." in words
    assert list(TrafficDay.objects.order_by("day").values_list("source", "visitors")) == [
        ("ads", 1200),
        ("ads", 7),
        ("", 5),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        ("source,visitors\nads,1\n", "The first line names no column for the day."),
        ("day,source,visitors\n", "The file has headings and no rows."),
        (b"%PDF-1.7\x00\x01\x02", "This is no CSV file; it seems to be a PDF document."),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_beside_its_field(
    marketing: Client, content: str | bytes, words: str
) -> None:
    code, page = upload(marketing, content)
    assert code == 422
    assert words in page
    assert not TrafficDay.objects.exists()


def test_who_may_not_import_is_refused(client: Client) -> None:
    client.force_login(UserFactory(role=Role.REP))
    assert upload(client, GOOD)[0] == 403
    assert not TrafficDay.objects.exists()


def test_command_tells_wrong_lines_and_counts(tmp_path: Path, now: datetime) -> None:
    path, out, wrong = tmp_path / "visitors.csv", StringIO(), StringIO()
    path.write_text(MIXED, encoding="utf-8")
    call_command("import_traffic", str(path), stdout=out, stderr=wrong)
    assert out.getvalue().strip() == "6 rows: 3 created, 0 updated, 0 unchanged, 3 not taken."
    assert [line.split(":")[0] for line in wrong.getvalue().splitlines()] == [
        "line 4, visitors",
        "line 5, day",
        "line 7, visitors",
    ]


def test_command_says_what_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_traffic", str(tmp_path / "none.csv"))
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="names no column for the day and the visitors"):
        call_command("import_traffic", str(tmp_path / "other.csv"))
