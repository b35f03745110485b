"""Home, the dashboard and what lies behind their figures."""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.roles import Role
from agreements.models import Version
from handoffs.models import Channel, Handoff, HandoffState, Outcome
from handoffs.services import dispute_ending, log_attempt, return_handoff, rule_on_dispute, sweep_deadlines
from leads.stages import Stage
from outbox.models import Message, MessageState
from outbox.services import Mail, queue_mails
from tests.factories.accounts import UserFactory
from tests.factories.handoffs import SalesTeam, advance_to, urgent_handoff

pytestmark = pytest.mark.django_db
FIGURE = re.compile(r'<a href="([^"]+)" data-figure="([\d.]+)"')


@pytest.fixture
def later(now: datetime) -> Iterator[datetime]:
    """The Thursday of the second week of that month."""
    at = now + timedelta(days=10)
    with time_machine.travel(at, tick=False):
        yield at


@pytest.fixture
def story(sales_team: SalesTeam, starter: Version, now: datetime) -> SalesTeam:
    """Four handoffs: one tried twice and returned, one tried once, one that became a customer, one never touched."""
    sales_team.only(sales_team.mia, now=now)
    returned, tried, won, untouched = (
        urgent_handoff(starter, now + timedelta(hours=hour), source="webinar", value=1000 * hour)
        for hour in range(1, 5)
    )
    mia = sales_team.mia
    for handoff, days in ((returned, 0), (returned, 2), (tried, 1), (won, 1)):
        at = now + timedelta(days=days, hours=4, minutes=handoff.pk % 7)
        log_attempt(
            handoff_id=handoff.pk,
            channel=Channel.PHONE,
            outcome=Outcome.NO_ANSWER,
            note="",
            at=at,
            now=at,
            actor=mia,
        )
    sweep_deadlines(now=now + timedelta(days=4))
    at = now + timedelta(days=4)
    return_handoff(handoff_id=returned.pk, reason_key="return-no-budget", note="", now=at, actor=mia)
    for stage in (Stage.SQL, Stage.CUSTOMER):
        advance_to(won.lead, stage, now=at)
    assert untouched.attempts_made == 0
    return sales_team


def client_of(role: Role = Role.LEADERSHIP) -> Client:
    client = Client()
    client.force_login(UserFactory(role=role))
    return client


def page_of(address: str, role: Role = Role.LEADERSHIP) -> str:
    answer = client_of(role).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(html)).split())


# --- Every figure opens what it counts ----------------------------------------------------------------------


@pytest.mark.usefixtures("story", "later")
@pytest.mark.parametrize(
    "address", ["/", "/dashboard/", "/dashboard/?source=webinar", "/dashboard/?month=2026-10"]
)
def test_every_figure_opens_a_list_of_as_many(address: str) -> None:
    client = client_of()
    found = set(FIGURE.findall(client.get(address).content.decode()))
    assert "10" in address or len(found) > (9 if address == "/" else 25)
    wrong = {}
    for url, shown in sorted(found):
        behind = client.get(unescape(url))
        assert behind.status_code == 200, url
        told = [
            float(each) for each in re.findall(r'data-(?:total|count)="([\d.]+)"', behind.content.decode())
        ]
        lines = lines_of(client, url)
        if float(shown) not in told or len(lines) != int(told[0]):
            wrong[url] = (shown, told, len(lines))
    assert wrong == {}


def lines_of(client: Client, url: str) -> list[dict[str, str]]:
    """What the file of the same list says."""
    answer = client.get(unescape(url).replace("/behind/?", "/behind/csv/?"))
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.usefixtures("story", "later")
def test_the_list_behind_names_lead_instant_owner() -> None:
    address = "/dashboard/behind/?measure=breaches&part=numerator&month=2026-11"
    html = page_of(address)
    assert re.search(r'<a href="/leads/\d+/">', html)
    assert "Mia" in html
    [line, *_rest] = lines_of(client_of(), address)
    assert (line["owner"], datetime.fromisoformat(line["at"]).tzinfo) == ("Mia", UTC)


@pytest.mark.usefixtures("story", "later")
@pytest.mark.parametrize(
    "asked",
    [
        "measure=nothing",
        "measure=mqls&part=denominator",
        "measure=mqls&by=nonsense&value=1",
        "measure=mqls&part=x",
    ],
)
def test_what_does_not_exist_is_not_found(asked: str) -> None:
    assert client_of().get(f"/dashboard/behind/?{asked}").status_code == 404


@pytest.mark.parametrize("value", ["x", "-1", "9" * 30, "9999-12-31", "0001-01-01"])
def test_a_slice_that_makes_no_sense_is_not_found(value: str) -> None:
    for by in ("person", "tries", "day", "month"):
        answer = client_of().get(
            f"/dashboard/behind/?measure=attempts&part=denominator&by={by}&value={value}"
        )
        assert answer.status_code == 404


# --- Months that say little ---------------------------------------------------------------------------------


def test_an_empty_portal_says_what_to_do() -> None:
    assert "Nothing is promised yet" in page_of("/")
    dashboard = words_of(page_of("/dashboard/"))
    assert "No leads yet No agreement was in force in these days" in dashboard
    assert "0%" not in dashboard


@pytest.mark.usefixtures("starter", "later")
def test_an_agreement_without_leads_has_nothing_to_judge() -> None:
    home = words_of(page_of("/"))
    assert "No answers yet. Agreed: 85%." in home
    assert "0%" not in re.sub(r"\d0%", "", home)


@pytest.mark.usefixtures("story", "later")
def test_a_month_to_come_has_not_begun() -> None:
    assert "This month has not begun" in page_of("/dashboard/?month=2027-01")


@pytest.mark.usefixtures("story", "later")
def test_a_month_before_the_first_lead_is_empty() -> None:
    assert "No leads yet" in page_of("/dashboard/?month=2025-01")


@pytest.mark.usefixtures("story", "later")
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("month=2026-13", "“2026-13” is no month."),
        ("month=<script>", "“<script>” is no month."),
        ("from=2026-11-05&to=2026-11-01", "The last day is before the first."),
        ("from=2026-11-05", "Write both days"),
        ("from=1991-01-01&to=2026-01-01", "At most three years"),
        ("team=999", "“999” is not one of the choices"),
        ("agreement=nowhere", "“nowhere” is not one of the choices"),
    ],
)
def test_what_makes_no_sense_is_said_and_left_out(asked: str, words: str) -> None:
    html = page_of(f"/dashboard/?{asked}")
    assert words in unescape(html)
    assert "<script>”" not in html


@pytest.mark.usefixtures("story", "later")
def test_the_months_beside_keep_the_filters() -> None:
    html = unescape(page_of("/dashboard/?month=2026-11&source=webinar"))
    assert 'href="?month=2026-10&source=webinar"' in html
    assert 'href="?month=2026-12&source=webinar"' in html


# --- Home ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("story", "later")
def test_home_answers_in_one_sentence() -> None:
    html = page_of("/")
    answer = words_of(re.search(r'class="answer-words">(.*?)</p>', html, re.DOTALL).group(1))  # type: ignore[union-attr]
    assert re.fullmatch(r"(Yes|No|Not safely): .+ promises.+\.", answer)


@pytest.mark.usefixtures("story", "later")
def test_home_says_what_waits_for_whom(story: SalesTeam) -> None:
    client = Client()
    needs = {}
    for name, user in (("rep", story.mia), ("sales", story.manager), ("marketing", story.marketing)):
        client.force_login(user)
        needs[name] = re.findall(r'data-need="([\w-]+)"', client.get("/").content.decode())
    assert "own-late" in needs["rep"]
    assert "risk" in needs["sales"]
    assert needs["marketing"] == ["tracks", "unreachable", "returned"]
    assert "returned" not in needs["rep"]


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize(
    ("at", "count"),
    [
        ("2026-11-06T10:00Z", 1),
        ("2026-11-06T23:30Z", 1),  # Saturday in Berlin
        ("2026-11-12T22:30Z", 1),
        ("2026-11-12T23:30Z", 0),  # the eighth day has begun in Berlin
    ],
)
@pytest.mark.parametrize("time_zone", ["Asia/Tokyo", "America/New_York"])
def test_home_counts_what_the_page_behind_it_lists(at: str, count: int, time_zone: str) -> None:
    """One lead was returned on Friday, 6 November, at 10:30 in Berlin, where the agreement's days are."""
    client = Client()
    client.force_login(UserFactory(role=Role.MARKETING_MANAGER, time_zone=time_zone))
    with time_machine.travel(datetime.fromisoformat(at), tick=False):
        assert given_back(client) == count


def given_back(client: Client) -> int:
    """How many leads Home says were given back; the list that it links to has as many."""
    found = re.search(
        r'href="([^"]+)" data-need="returned">.*?<b class="num">(\d+)</b>',
        client.get("/").content.decode(),
        re.DOTALL,
    )
    if found is None:
        return 0
    assert client.get(unescape(found[1])).context["count"] == int(found[2])
    return int(found[2])


@pytest.mark.usefixtures("later")
def test_home_counts_no_return_that_was_overruled(story: SalesTeam, later: datetime) -> None:
    client = Client()
    client.force_login(story.marketing)
    assert given_back(client) == 1
    handoff = Handoff.objects.get(state=HandoffState.RETURNED)
    dispute_ending(handoff_id=handoff.pk, note="She asked twice", now=later, actor=story.marketing)
    rule_on_dispute(handoff_id=handoff.pk, reopen=True, now=later, actor=story.manager)
    assert given_back(client) == 0


@pytest.mark.usefixtures("starter", "later")
def test_home_says_that_nobody_looks_after_returned_leads_or_letters(now: datetime) -> None:
    queue_mails([Mail(dedup_key="a", to="ada@example.com", subject="A", text="B")], now=now)
    Message.objects.update(state=MessageState.STUCK)
    needs = {
        role: dict(
            re.findall(r'data-need="([\w-]+)">.*?<b class="num">(\d+)</b>', page_of("/", role), re.DOTALL)
        )
        for role in (Role.MARKETING_MANAGER, Role.ADMIN, Role.SALES_MANAGER)
    }
    assert needs[Role.MARKETING_MANAGER] == {"tracks": "3"}
    assert needs[Role.ADMIN] == {"tracks": "3", "stuck": "1", "goals": "2"}
    assert needs[Role.SALES_MANAGER] == {}


@pytest.mark.parametrize("role", Role)
def test_a_day_starts_in_the_queue_for_reps_and_on_home_for_others(role: Role) -> None:
    answer = client_of(role).get("/start/")
    assert answer["Location"] == ("/queue/" if role is Role.REP else "/")


# --- Files, and cost ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("story", "later")
@pytest.mark.parametrize(
    "name",
    [
        "waterfall", "funnel", "speed", "attempts", "spacing", "breaches-by-clause", "breaches-by-team",
        "breaches-by-person", "returns", "promises", "goals",
    ],
)  # fmt: skip
def test_every_table_comes_as_a_file(name: str) -> None:
    answer = client_of().get(f"/dashboard/csv/{name}/?month=2026-11")
    lines = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert answer["Content-Disposition"] == f'attachment; filename="{name}-2026-11.csv"'
    assert len(lines) > 1
    assert {len(line) for line in lines} == {len(lines[0])}


@pytest.mark.usefixtures("later")
def test_the_cost_in_queries_does_not_grow_with_leads(
    story: SalesTeam, starter: Version, now: datetime, django_assert_max_num_queries: Any
) -> None:
    client = client_of()
    counts = []
    for more in (0, 5):
        for hour in range(more):
            urgent_handoff(starter, now + timedelta(days=1, hours=hour), source=f"s{hour}")
        client.get("/dashboard/")
        with django_assert_max_num_queries(75) as asked:
            client.get("/dashboard/")
        counts.append(len(asked))
        with django_assert_max_num_queries(40):
            client.get("/")
    assert counts[0] == counts[1]
