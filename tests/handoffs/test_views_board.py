"""The manager's board: each figure is its list; reassigning, waiving, settling; pools in Settings."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from agreements.models import Version
from handoffs.models import Handoff, Pool, PoolMember, TimeOff, Waiver
from handoffs.selectors.board import Show
from handoffs.services import dispute_ending, log_attempt, reject_handoff, set_member, sweep_deadlines
from tests.factories.accounts import UserFactory
from tests.factories.handoffs import SalesTeam, manual_handoff, urgent_handoff

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def later(now: datetime) -> datetime:
    """The afternoon of the same Monday."""
    return now + timedelta(hours=5)


@pytest.fixture(autouse=True)
def _clock_stands(later: datetime) -> Iterator[None]:
    with time_machine.travel(later, tick=False):
        yield


@pytest.fixture
def busy(starter: Version, sales_team: SalesTeam, now: datetime, later: datetime) -> dict[str, Handoff]:
    """One handoff for each figure of the board, named by it, and one that is fine."""
    mia, marketing = sales_team.mia, sales_team.marketing
    sales_team.only(mia, now=now)
    old = now - timedelta(days=20)
    handoffs = {"too_few": manual_handoff(starter, old, sales_team.manager)}
    handoffs["untouched"] = manual_handoff(starter, now - timedelta(days=3), sales_team.manager)
    log_attempt(
        handoff_id=handoffs["too_few"].pk, channel="phone", outcome="no_answer", now=old + MINUTE, actor=mia
    )
    handoffs["breached"] = urgent_handoff(starter, now)
    handoffs["disputed"] = urgent_handoff(starter, now)
    reject_handoff(
        handoff_id=handoffs["disputed"].pk, reason_key="reject-not-our-market", now=now + MINUTE, actor=mia
    )
    dispute_ending(handoff_id=handoffs["disputed"].pk, note="They are", now=now + 2 * MINUTE, actor=marketing)
    sweep_deadlines(now=later)
    sales_team.only(now=now)
    handoffs["unassigned"] = manual_handoff(starter, later - MINUTE, sales_team.manager)
    sales_team.only(mia, now=now)
    handoffs["fine"] = manual_handoff(starter, later - MINUTE, sales_team.manager)
    return handoffs


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def board(user: User, **query: Any) -> HttpResponse:
    return as_user(user).get(reverse("handoffs:board"), query)


def listed_on(response: HttpResponse) -> set[int]:
    return {row.handoff.pk for row, *_ in response.context["rows"]}


# --- Figures and lists --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("show", Show)
def test_figure_counts_its_list(show: Show, busy: dict[str, Handoff], sales_team: SalesTeam) -> None:
    response = board(sales_team.manager, show=show.value)
    figures = {each: count for each, count, _ in response.context["tiles"]}
    assert figures[show] == len(listed_on(response)) > 0


@pytest.mark.parametrize("name", ["untouched", "too_few", "breached", "unassigned", "disputed"])
def test_list_holds_what_its_name_says_and_not_what_is_fine(
    name: str, busy: dict[str, Handoff], sales_team: SalesTeam
) -> None:
    found = listed_on(board(sales_team.manager, show=name))
    assert busy[name].pk in found
    assert busy["fine"].pk not in found


def test_board_can_be_narrowed_to_an_owner(busy: dict[str, Handoff], sales_team: SalesTeam) -> None:
    response = board(sales_team.manager, show="open", owner=sales_team.omar.pk)
    figures = {each: count for each, count, _ in response.context["tiles"]}
    assert (listed_on(response), set(figures.values())) == (set(), {0})


def test_board_asks_nothing_senseless_to_fail(busy: dict[str, Handoff], sales_team: SalesTeam) -> None:
    assert board(sales_team.manager, show="juggled", owner="x", pool="9" * 30, page="-1").status_code == 200


def test_board_of_nothing_says_so(starter: Version, sales_team: SalesTeam) -> None:
    assert "That is good news" in board(sales_team.manager).content.decode()


def test_board_is_read_by_leadership_without_acts_and_not_by_reps(
    busy: dict[str, Handoff], sales_team: SalesTeam
) -> None:
    page = board(UserFactory(role="leadership"), show="breached")
    assert (page.status_code, "/waive/" in page.content.decode()) == (200, False)
    assert board(sales_team.mia).status_code == 403


def test_board_costs_the_same_for_one_and_for_fifty(
    starter: Version, sales_team: SalesTeam, now: datetime, later: datetime
) -> None:
    sales_team.only(sales_team.mia, now=now, capacity=100)
    client, counts = as_user(sales_team.manager), []
    for more in (1, 49):
        for _ in range(more):
            urgent_handoff(starter, now)
        sweep_deadlines(now=later)
        client.get(reverse("handoffs:board"), {"show": "open"})
        with CaptureQueriesContext(connection) as counted:
            client.get(reverse("handoffs:board"), {"show": "open"})
        counts.append(len(counted))
    assert counts[0] == counts[1]


# --- Acts ---------------------------------------------------------------------------------------------------------


def test_reassign_moves_every_chosen_one(
    busy: dict[str, Handoff], sales_team: SalesTeam, now: datetime
) -> None:
    sales_team.only(sales_team.mia, sales_team.omar, now=now)
    chosen = [busy["breached"].pk, busy["unassigned"].pk]
    sent = {"handoff": chosen, "to": sales_team.omar.pk}
    response = as_user(sales_team.manager).post(reverse("handoffs:reassign"), sent, headers=HTMX)
    assert response.status_code == 204
    assert "2 handoffs given to Omar." in response["HX-Trigger"]
    owned = Handoff.objects.filter(owner=sales_team.omar).values_list("pk", flat=True)
    assert sorted(owned) == sorted(chosen)


@pytest.mark.parametrize("sent", [{}, {"handoff": ["1"]}, {"to": "1"}, {"handoff": ["x"], "to": "x"}])
def test_reassign_of_nothing_or_to_nobody_says_what_is_missing(
    sent: dict[str, Any], sales_team: SalesTeam
) -> None:
    response = as_user(sales_team.manager).post(reverse("handoffs:reassign"), sent, headers=HTMX)
    assert (response.status_code, response.content.decode()) == (
        409,
        "Choose handoffs, and who takes them.",
    )


def test_reassign_of_one_that_ended_moves_none(
    busy: dict[str, Handoff], sales_team: SalesTeam, now: datetime
) -> None:
    sales_team.only(sales_team.mia, sales_team.omar, now=now)
    sent = {"handoff": [busy["fine"].pk, busy["disputed"].pk], "to": sales_team.omar.pk}
    response = as_user(sales_team.manager).post(reverse("handoffs:reassign"), sent, headers=HTMX)
    assert response.status_code == 409
    assert not Handoff.objects.filter(owner=sales_team.omar).exists()


def test_waive_needs_a_reason_and_keeps_the_breach(busy: dict[str, Handoff], sales_team: SalesTeam) -> None:
    breach = busy["breached"].breaches.order_by("due_at")[0]
    client, address = as_user(sales_team.manager), reverse("handoffs:waive", args=[breach.pk])
    nothing = client.post(address, {"reason": ""}, headers=HTMX)
    assert (nothing.status_code, "Say why the breach is waived." in nothing.content.decode()) == (422, True)
    assert client.post(address, {"reason": "Fire drill"}, headers=HTMX).status_code == 204
    again = client.post(address, {"reason": "Twice"}, headers=HTMX)
    assert (again.status_code, "waived already" in again.content.decode()) == (422, True)
    assert [waiver.reason for waiver in Waiver.objects.all()] == ["Fire drill"]


def test_the_sentence_on_top_follows_what_was_waived_and_settled(
    busy: dict[str, Handoff], sales_team: SalesTeam
) -> None:
    """What an open board fetches after an act carries the sentence, which lies outside of what it replaces."""

    def sentence(**headers: Any) -> str:
        page = client.get(reverse("handoffs:board"), **headers).content.decode()
        (found,) = re.findall(r'<span id="board-counts"([^>]*)>(.*?)</span>', page, re.DOTALL)
        assert ("hx-swap-oob" in found[0]) == bool(headers)
        return " ".join(re.sub(r"<[^>]+>", "", found[1]).split())

    client = as_user(sales_team.manager)
    shown = board(sales_team.manager).context["counts"]
    late, still_open = shown["risk"], shown["open"]
    assert (
        sentence() == sentence(headers=HTMX) == f"{late} of {still_open} open handoffs are late or due soon"
    )
    for breach in busy["breached"].breaches.all():
        client.post(reverse("handoffs:waive", args=[breach.pk]), {"reason": "Fire drill"}, headers=HTMX)
    assert sentence(headers=HTMX).startswith(f"{late - 1} of {still_open} open handoffs")
    ruling = {"ruling": "reopen", "note": "They are"}
    client.post(reverse("handoffs:rule", args=[busy["disputed"].pk]), ruling, headers=HTMX)
    assert f"of {still_open + 1} open handoffs" in sentence(headers=HTMX)


def test_waive_says_which_promise_whose_and_when(busy: dict[str, Handoff], sales_team: SalesTeam) -> None:
    breach = busy["breached"].breaches.order_by("due_at")[0]
    client, address = as_user(sales_team.manager), reverse("handoffs:waive", args=[breach.pk])
    kind, by, due = client.get(address, headers=HTMX).context["about"]
    assert kind.clause is not None
    assert (kind.words, kind.clause.key, by.words, due.at) == (
        "Accept",
        "response-urgent",
        "Mia",
        breach.due_at,
    )


def test_a_row_waives_the_breach_of_the_clock_it_shows(
    busy: dict[str, Handoff], sales_team: SalesTeam
) -> None:
    """Both accepting and the first attempt were missed; the one that was due first is shown."""
    rows = board(sales_team.manager, show="open").context["rows"]
    [(row, breach)] = [(row, breach) for row, breach, *_ in rows if row.handoff == busy["breached"]]
    assert busy["breached"].breaches.latest("due_at") != breach
    assert breach.deadline == row.clock


def test_a_dispute_is_shown_with_the_reason_and_marketings_words(
    busy: dict[str, Handoff], sales_team: SalesTeam
) -> None:
    client, disputed = as_user(sales_team.manager), busy["disputed"]
    page = board(sales_team.manager, show="disputed").content.decode()
    assert "Max Marketing disputes it: They are" in page
    disputed.refresh_from_db()
    ended, dispute = client.get(reverse("handoffs:rule", args=[disputed.pk]), headers=HTMX).context["about"]
    assert ended.clause is not None
    assert (str(ended.label), ended.words, ended.clause.key) == ("Rejected", "Mia", "reject-not-our-market")
    assert (dispute.words, dispute.said, dispute.at) == ("Max Marketing", "They are", disputed.disputed_at)


@pytest.mark.parametrize("ruling", ["reopen", "stands"])
def test_dispute_is_settled(ruling: str, busy: dict[str, Handoff], sales_team: SalesTeam) -> None:
    disputed = busy["disputed"]
    address = reverse("handoffs:rule", args=[disputed.pk])
    response = as_user(sales_team.manager).post(address, {"ruling": ruling}, headers=HTMX)
    assert response.status_code == 204
    disputed.refresh_from_db()
    again = Handoff.objects.open().filter(lead=disputed.lead_id).exists()
    assert (disputed.disputed_at, again) == (None, ruling == "reopen")


def test_dispute_by_sales_is_refused_in_words(busy: dict[str, Handoff], sales_team: SalesTeam) -> None:
    address = reverse("handoffs:dispute", args=[busy["disputed"].pk])
    response = as_user(sales_team.manager).post(address, {"note": "No"}, headers=HTMX)
    assert (response.status_code, "Only a manager" in response.content.decode()) == (422, True)


# --- Pools --------------------------------------------------------------------------------------------------------


def test_pools_show_members_load_and_who_is_away(
    busy: dict[str, Handoff], sales_team: SalesTeam, later: datetime
) -> None:
    TimeOff.objects.create(user=sales_team.omar, starts_at=later, ends_at=later + timedelta(days=2))
    context = as_user(sales_team.manager).get(reverse("handoffs:pools")).context
    [lines] = context["pools"]
    in_hand = Handoff.objects.open().filter(owner=sales_team.mia).count()
    assert in_hand > 0
    shown = [(line.member.user.name, line.open, line.away_until is not None) for line in lines.members]
    assert shown == [("Lena", 0, False), ("Mia", in_hand, False), ("Omar", 0, True)]


def test_pool_is_added_and_changed(starter: Version, sales_team: SalesTeam) -> None:
    client = as_user(sales_team.manager)
    sent = {"name": "North", "manager": sales_team.manager.pk}
    assert client.post(reverse("handoffs:pool_new"), sent)["Location"] == reverse("handoffs:pools")
    twice = client.post(reverse("handoffs:pool_new"), sent)
    assert "There is a pool" in twice.content.decode()
    pool = Pool.objects.get(slug="north")
    client.post(
        reverse("handoffs:pool", args=[pool.pk]),
        sent | {"name": "Nordic", "calendar": starter.agreement.calendar_id},
    )
    pool.refresh_from_db()
    assert (pool.name, pool.slug, pool.calendar_id) == ("Nordic", "north", starter.agreement.calendar_id)


def test_member_is_added_changed_and_taken_out(sales_team: SalesTeam) -> None:
    client, new = as_user(sales_team.manager), UserFactory(role="rep", name="Nora")
    pool = sales_team.pool.pk
    sent = {"user": new.pk, "weight": 2, "capacity": 10, "is_active": "on"}
    client.post(reverse("handoffs:pool_member_new", args=[pool]), sent)
    client.post(reverse("handoffs:pool_member", args=[pool, new.pk]), {"weight": 3, "capacity": 0})
    member = PoolMember.objects.get(user=new)
    assert (member.weight, member.capacity, member.is_active) == (3, 0, False)
    client.post(reverse("handoffs:pool_member_remove", args=[pool, new.pk]))
    assert not PoolMember.objects.filter(user=new).exists()


def test_member_with_a_senseless_share_keeps_what_was_typed(sales_team: SalesTeam) -> None:
    address = reverse("handoffs:pool_member", args=[sales_team.pool.pk, sales_team.mia.pk])
    response = as_user(sales_team.manager).post(address, {"weight": 0, "capacity": 77})
    assert 'value="77"' in response.content.decode()
    assert sales_team.member(sales_team.mia).weight == 2


def test_time_off_is_added_and_removed(sales_team: SalesTeam) -> None:
    client = as_user(sales_team.manager)
    sent = {"user": sales_team.mia.pk, "starts_at": "2026-11-09T08:00", "ends_at": "2026-11-13T18:00"}
    backwards = client.post(reverse("handoffs:time_off"), sent | {"ends_at": "2026-11-08T18:00"})
    assert "ends after it starts" in backwards.content.decode()
    client.post(reverse("handoffs:time_off"), sent | {"reason": "Holiday"})
    away = TimeOff.objects.get()
    assert (away.starts_at, away.reason) == (datetime(2026, 11, 9, 7, tzinfo=UTC), "Holiday")  # 8 in Berlin
    client.post(reverse("handoffs:time_off_remove", args=[away.pk]))
    assert not TimeOff.objects.exists()


def test_rep_changes_no_pool(sales_team: SalesTeam) -> None:
    address = reverse("handoffs:pool_member", args=[sales_team.pool.pk, sales_team.mia.pk])
    assert as_user(sales_team.mia).post(address, {"weight": 9, "capacity": 99}).status_code == 403
    assert sales_team.member(sales_team.mia).weight == 2


def test_reassign_takes_what_the_page_offers_when_numbers_have_grown(
    client: Client, sales_team: SalesTeam, starter: Version, now: datetime
) -> None:
    """An id beyond 999 stands in the page without a separator of thousands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('accounts_user', 'id'), 123456)")
    taker = UserFactory(rep=True, name="Zoe Late")
    set_member(pool_id=sales_team.pool.pk, user_id=taker.pk, is_active=True, capacity=9, now=now, actor=None)
    client.force_login(sales_team.manager)
    page = client.get(reverse("handoffs:board"), {"show": "open"}).content.decode()
    assert f'<option value="{taker.pk}"' in page
