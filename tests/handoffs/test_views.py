"""The queue, every act on a handoff, and deals: what the pages answer to whom."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
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
from handoffs.models import Attempt, Handoff, HandoffState
from handoffs.services import accept_handoff, log_attempt, snooze_handoff, sweep_deadlines
from leads.models import Lead
from leads.stages import Stage
from tests.factories.accounts import UserFactory
from tests.factories.handoffs import SalesTeam, advance_to, clock, lead_of, manual_handoff, urgent_handoff

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _clock_stands(now: datetime) -> Iterator[None]:
    with time_machine.travel(now + 10 * MINUTE, tick=False):
        yield


@pytest.fixture
def offered(starter: Version, sales_team: SalesTeam, now: datetime) -> Handoff:
    """Mia's, urgent, not accepted."""
    return urgent_handoff(starter, now, first_name="Ada", last_name="King")


@pytest.fixture
def accepted(offered: Handoff, sales_team: SalesTeam, now: datetime) -> Handoff:
    return accept_handoff(handoff_id=offered.pk, now=now + MINUTE, actor=sales_team.mia)


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ask(user: User, handoff: Handoff, name: str) -> HttpResponse:
    return as_user(user).get(reverse("handoffs:act", args=[handoff.pk, name]), headers=HTMX)


def do(user: User, handoff: Handoff, name: str, **sent: Any) -> HttpResponse:
    return as_user(user).post(reverse("handoffs:act", args=[handoff.pk, name]), sent, headers=HTMX)


def said(response: HttpResponse) -> str:
    toast: str = json.loads(response["HX-Trigger"])["toast"]["text"]
    return toast


def state(handoff: Handoff) -> str:
    return Handoff.objects.values_list("state", flat=True).get(pk=handoff.pk)


# --- Acts -------------------------------------------------------------------------------------------------------

ACTS = [
    ("accept", "offered", {}, "Ada King: accepted.", HandoffState.ACCEPTED),
    ("reject", "offered", {"reason_key": "reject-not-our-market"}, "rejected", HandoffState.REJECTED),
    ("attempt", "offered", {"channel": "phone", "outcome": "no_answer"}, "logged", HandoffState.ACCEPTED),
    ("attempt", "accepted", {"channel": "email", "outcome": "sent"}, "logged", HandoffState.ACCEPTED),
    ("qualify", "accepted", {"note": "Budget agreed", "value": "9000"}, "SQL", HandoffState.QUALIFIED),
]


@pytest.mark.parametrize(("name", "given", "sent", "words", "then"), ACTS)
def test_act_is_done_and_said(
    name: str,
    given: str,
    sent: dict[str, str],
    words: str,
    then: str,
    sales_team: SalesTeam,
    request: pytest.FixtureRequest,
) -> None:
    handoff = request.getfixturevalue(given)
    assert ask(sales_team.mia, handoff, name).status_code == 200
    assert state(handoff) == given  # asking changes nothing
    response = do(sales_team.mia, handoff, name, **sent)
    assert (response.status_code, state(handoff)) == (204, then)
    assert words in said(response)
    assert "handoffs-changed" in json.loads(response["HX-Trigger"])


@pytest.mark.parametrize(("words", "query"), [("ada king", "?q=ada+king"), (" ", "")])
def test_a_search_of_the_queue_stands_in_the_address_until_it_is_given_up(
    words: str, query: str, offered: Handoff, sales_team: SalesTeam
) -> None:
    address = reverse("handoffs:queue")
    asked = HTMX | {"HX-Trigger": "queue-search"}
    response = as_user(sales_team.mia).get(address, {"q": words}, headers=asked)
    assert response["HX-Replace-Url"] == address + query
    assert "HX-Replace-Url" not in as_user(sales_team.mia).get(address, {"q": words}, headers=HTMX)


def test_a_manager_assigns_what_nobody_was_free_for_from_queue_and_lead_page(
    starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    sales_team.only(now=now)
    waiting = urgent_handoff(starter, now)
    assign = reverse("handoffs:act", args=[waiting.pk, "assign"])
    manager, rep = as_user(sales_team.manager), as_user(sales_team.mia)
    page = reverse("leads:detail", args=[waiting.lead_id])
    assert "?act=assign" in manager.get(reverse("handoffs:queue")).content.decode()
    assert [assign in client.get(page).content.decode() for client in (manager, rep)] == [True, False]
    assert "Choose who works it." in do(sales_team.manager, waiting, "assign").content.decode()
    assert do(sales_team.mia, waiting, "assign", to=sales_team.mia.pk).status_code == 422
    assert said(do(sales_team.manager, waiting, "assign", to=sales_team.lena.pk)).endswith("has an owner.")
    waiting.refresh_from_db()
    assert (waiting.owner, waiting.state) == (sales_team.lena, HandoffState.OFFERED)
    assert assign not in manager.get(page).content.decode()


def test_assigning_what_somebody_took_meanwhile_is_refused_beside_the_form(
    accepted: Handoff, sales_team: SalesTeam
) -> None:
    answer = do(sales_team.manager, accepted, "assign", to=sales_team.lena.pk)
    assert (answer.status_code, "Mia has this handoff by now." in answer.content.decode()) == (422, True)
    assert state(accepted) == HandoffState.ACCEPTED


@pytest.mark.parametrize("name", ["disqualify", "return"])
def test_act_with_a_reason_offers_those_of_the_agreement(
    name: str, accepted: Handoff, sales_team: SalesTeam
) -> None:
    page = ask(sales_team.mia, accepted, name)
    reasons = [key for key, _ in page.context["form"].fields["reason_key"].choices]
    assert reasons
    assert all(key.startswith(name) for key in reasons)
    chosen = next(key for key in reasons if key != "return-no-response")
    response = do(sales_team.mia, accepted, name, reason_key=chosen)
    ended = {"disqualify": HandoffState.DISQUALIFIED, "return": HandoffState.RETURNED}[name]
    assert (response.status_code, state(accepted)) == (204, ended)


def test_return_before_the_attempts_says_how_many_are_missing_and_keeps_the_note(
    accepted: Handoff, sales_team: SalesTeam
) -> None:
    sent = {"reason_key": "return-no-response", "note": "Never picks up"}
    response = do(sales_team.mia, accepted, "return", **sent)
    page = response.content.decode()
    assert (response.status_code, state(accepted)) == (422, HandoffState.ACCEPTED)
    assert "more attempts, or choose another reason" in page
    assert "Never picks up" in page


def test_act_on_the_handoff_of_another_is_refused_in_words(accepted: Handoff, sales_team: SalesTeam) -> None:
    response = do(sales_team.omar, accepted, "attempt", channel="phone", outcome="no_answer")
    assert response.status_code == 422
    assert "This handoff is Mia" in response.content.decode()
    assert not Attempt.objects.exists()


def test_act_by_somebody_who_works_no_handoffs_is_forbidden(offered: Handoff, sales_team: SalesTeam) -> None:
    assert do(sales_team.marketing, offered, "accept").status_code == 403
    assert state(offered) == HandoffState.OFFERED


def test_unknown_act_is_not_there(offered: Handoff, sales_team: SalesTeam) -> None:
    assert ask(sales_team.mia, offered, "juggle").status_code == 404


def test_same_attempt_sent_twice_is_logged_once(accepted: Handoff, sales_team: SalesTeam) -> None:
    key = ask(sales_team.mia, accepted, "attempt").context["form"]["key"].value()
    for _ in range(2):
        do(sales_team.mia, accepted, "attempt", channel="phone", outcome="voicemail", key=key)
    assert Attempt.objects.count() == 1


def test_act_without_scripts_goes_back_to_where_it_came_from(offered: Handoff, sales_team: SalesTeam) -> None:
    client = as_user(sales_team.mia)
    address = reverse("handoffs:act", args=[offered.pk, "accept"])
    assert "<html" in client.get(address).content.decode()
    assert client.post(address, {"next": "/queue/"})["Location"] == "/queue/"


def test_act_never_goes_back_to_another_site(offered: Handoff, sales_team: SalesTeam) -> None:
    address = reverse("handoffs:act", args=[offered.pk, "accept"])
    response = as_user(sales_team.mia).post(address, {"next": "https://elsewhere.example/"})
    assert response["Location"] == reverse("leads:detail", args=[offered.lead_id])


# --- Snoozing ---------------------------------------------------------------------------------------------------


def test_snooze_offers_only_what_ends_before_the_clock(accepted: Handoff, sales_team: SalesTeam) -> None:
    form = ask(sales_team.mia, accepted, "snooze").context["form"]
    assert [str(words) for _, words in form.choices] == ["In 1 h"]  # the first attempt is due in 2 h


def test_snooze_by_a_quick_choice_can_be_undone(
    accepted: Handoff, sales_team: SalesTeam, now: datetime
) -> None:
    [(until, _)] = ask(sales_team.mia, accepted, "snooze").context["form"].choices
    response = do(sales_team.mia, accepted, "snooze", quick=until.isoformat(), until="")
    accepted.refresh_from_db()
    assert accepted.snoozed_until == now + 70 * MINUTE
    undo = json.loads(response["HX-Trigger"])["toast"]["undo"]
    assert as_user(sales_team.mia).post(undo["url"], headers=HTMX).status_code == 204
    accepted.refresh_from_db()
    assert accepted.snoozed_until is None


def test_snooze_needs_an_instant(accepted: Handoff, sales_team: SalesTeam) -> None:
    response = do(sales_team.mia, accepted, "snooze")
    assert response.status_code == 422
    assert "Say until when" in response.content.decode()


def test_undo_of_a_snooze_is_the_owners(accepted: Handoff, sales_team: SalesTeam, now: datetime) -> None:
    snooze_handoff(handoff_id=accepted.pk, until=now + 60 * MINUTE, now=now + MINUTE, actor=sales_team.mia)
    wake = reverse("handoffs:wake", args=[accepted.pk])
    assert as_user(sales_team.omar).post(wake, headers=HTMX).status_code == 409
    accepted.refresh_from_db()
    assert accepted.snoozed_until == now + 60 * MINUTE


# --- Handing over by hand, deals ----------------------------------------------------------------------------------


def test_hand_off_by_hand_with_a_note(starter: Version, sales_team: SalesTeam) -> None:
    lead = lead_of(starter)
    address = reverse("handoffs:hand_off", args=[lead.pk])
    client = as_user(sales_team.marketing)
    assert client.get(address, headers=HTMX).status_code == 200
    without = client.post(address, {"note": " "}, headers=HTMX)
    assert (without.status_code, "Write down why" in without.content.decode()) == (422, True)
    assert client.post(address, {"note": "Met at the fair"}, headers=HTMX).status_code == 204
    assert Handoff.objects.get(lead=lead).note == "Met at the fair"
    again = client.post(address, {"note": "And again"}, headers=HTMX)
    assert (again.status_code, "is already with" in again.content.decode()) == (422, True)


def test_leadership_hands_nothing_over(starter: Version, sales_team: SalesTeam) -> None:
    lead = lead_of(starter)
    client = as_user(UserFactory(role="leadership"))
    assert client.post(reverse("handoffs:hand_off", args=[lead.pk])).status_code == 403
    assert not Handoff.objects.exists()


@pytest.mark.parametrize(("name", "stage"), [("won", Stage.CUSTOMER), ("lost", Stage.LOST)])
def test_a_manager_takes_back_what_was_won_or_lost_by_mistake(
    name: str, stage: str, starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    lead = lead_of(starter, owner=sales_team.mia)
    advance_to(lead, Stage.SQL, now=now)
    mia, sara = as_user(sales_team.mia), as_user(sales_team.manager)
    decide = reverse("handoffs:deal", args=[lead.pk, name])
    reasons = mia.get(decide, headers=HTMX).context["form"].fields.get("reason_key")
    mia.post(decide, {"reason_key": reasons.choices[0][0]} if reasons else {"value": "5000"})
    take_back, page = (
        reverse("handoffs:deal", args=[lead.pk, "take-back"]),
        reverse("leads:detail", args=[lead.pk]),
    )
    assert [take_back in client.get(page).content.decode() for client in (mia, sara)] == [False, True]
    assert mia.post(take_back, {"reason": "Oops"}, headers=HTMX).status_code == 422
    assert "Say why it is taken back." in sara.post(take_back, headers=HTMX).content.decode()
    assert sara.post(take_back, {"reason": "The wrong Ada"}, headers=HTMX).status_code == 204
    lead.refresh_from_db()
    change = lead.stage_changes.latest("pk")
    assert (lead.stage, change.from_stage, change.reason) == (Stage.SQL, stage, "The wrong Ada")
    assert "no win or loss" in sara.post(take_back, {"reason": "Again"}, headers=HTMX).content.decode()


DEALS = [
    ("opportunity", {"value": "5000"}, Stage.OPPORTUNITY),
    ("won", {"value": "5000"}, Stage.CUSTOMER),
    ("lost", None, Stage.LOST),
]


@pytest.mark.parametrize(("name", "sent", "stage"), DEALS)
def test_deal_moves_the_lead(
    name: str,
    sent: dict[str, str] | None,
    stage: str,
    starter: Version,
    sales_team: SalesTeam,
    now: datetime,
) -> None:
    lead = lead_of(starter, owner=sales_team.mia)
    advance_to(lead, Stage.SQL, now=now)
    client, address = as_user(sales_team.mia), reverse("handoffs:deal", args=[lead.pk, name])
    page = client.get(address, headers=HTMX)
    sent = sent or {"reason_key": page.context["form"].fields["reason_key"].choices[0][0]}
    assert client.post(address, sent, headers=HTMX).status_code == 204
    lead.refresh_from_db()
    assert lead.stage == stage
    if "value" in sent:
        assert lead.value == Decimal(5000)


def test_deal_of_a_lead_that_is_no_sql_is_refused_in_words(starter: Version, sales_team: SalesTeam) -> None:
    lead = lead_of(starter, owner=sales_team.mia)
    response = as_user(sales_team.mia).post(
        reverse("handoffs:deal", args=[lead.pk, "won"]), {"value": "12"}, headers=HTMX
    )
    assert (response.status_code, "cannot become" in response.content.decode()) == (422, True)
    assert Lead.objects.get(pk=lead.pk).stage == Stage.LEAD


# --- The queue ----------------------------------------------------------------------------------------------------


def queue(user: User, **query: Any) -> HttpResponse:
    return as_user(user).get(reverse("handoffs:queue"), query)


def test_queue_shows_ones_own_and_nobody_elses(
    offered: Handoff, starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    manual_handoff(starter, now, sales_team.manager, to=sales_team.omar)
    shown = {
        section: [row.handoff.pk for row in rows]
        for section, rows in queue(sales_team.mia).context["sections"]
    }
    assert shown == {"now": [offered.pk], "today": [], "later": [], "waiting": []}


def test_manager_looks_at_the_queue_of_a_rep_a_rep_at_no_other(
    offered: Handoff, sales_team: SalesTeam
) -> None:
    assert queue(sales_team.manager, owner=sales_team.mia.pk).context["total"] == 1
    assert queue(sales_team.omar, owner=sales_team.mia.pk).context["owner"] == sales_team.omar


def test_queue_polls_as_a_fragment_with_its_counts(offered: Handoff, sales_team: SalesTeam) -> None:
    page = as_user(sales_team.mia).get(reverse("handoffs:queue"), headers=HTMX).content.decode()
    assert "<html" not in page
    assert 'id="queue-counts" hx-swap-oob="true"' in page
    assert "Ada King" in page


@pytest.mark.parametrize(("words", "found"), [("king", 1), ("ada king", 1), ("nobody", 0)])
def test_queue_is_searched(words: str, found: int, offered: Handoff, sales_team: SalesTeam) -> None:
    assert queue(sales_team.mia, q=words).context["total"] == found


def test_empty_queue_says_what_would_be_here(starter: Version, sales_team: SalesTeam) -> None:
    assert "Nothing to do" in queue(sales_team.lena).content.decode()


def test_queue_costs_the_same_for_one_and_for_fifty(
    starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    sales_team.only(sales_team.mia, now=now, capacity=100)
    client = as_user(sales_team.mia)
    urgent_handoff(starter, now)
    counts = []
    for more in (0, 49):
        for _ in range(more):
            urgent_handoff(starter, now)
        client.get(reverse("handoffs:queue"))
        with CaptureQueriesContext(connection) as counted:
            assert client.get(reverse("handoffs:queue")).context["total"] == more + 1
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_pane_tells_why_what_is_due_and_what_was_done(
    accepted: Handoff, sales_team: SalesTeam, now: datetime
) -> None:
    log_attempt(
        handoff_id=accepted.pk,
        channel="phone",
        outcome="voicemail",
        note="Back on Tuesday",
        now=now + 2 * MINUTE,
        actor=sales_team.mia,
    )
    address = reverse("handoffs:pane", args=[accepted.pk])
    page = as_user(sales_team.mia).get(address, {"act": "attempt", "channel": "email"}).content.decode()
    for words in ("Ada King", "Next attempt", "Back on Tuesday", "Left a voicemail", "§"):
        assert words in page
    form = page[page.index("<form") : page.index("</form>")]
    assert f'hx-post="{reverse("handoffs:act", args=[accepted.pk, "attempt"])}"' in form
    assert re.search(r'value="email"[^>]* checked', form)


# --- The lead's page ----------------------------------------------------------------------------------------------


def lead_page(user: User, handoff: Handoff) -> str:
    return as_user(user).get(reverse("leads:detail", args=[handoff.lead_id])).content.decode()


def test_lead_page_lets_the_owner_act_and_tells_others_who_has_it(
    accepted: Handoff, sales_team: SalesTeam
) -> None:
    attempt = reverse("handoffs:act", args=[accepted.pk, "attempt"])
    assert attempt in lead_page(sales_team.mia, accepted)
    assert attempt in lead_page(sales_team.manager, accepted)
    others = lead_page(sales_team.omar, accepted)
    assert attempt not in others
    assert "with Mia" in others


def test_lead_page_tells_a_miss_and_its_waiver(
    offered: Handoff, sales_team: SalesTeam, now: datetime
) -> None:
    sweep_deadlines(now=clock(offered, "accept").due_at + MINUTE)
    breach = offered.breaches.get()
    waive = reverse("handoffs:waive", args=[breach.pk])
    assert waive in lead_page(sales_team.manager, offered)
    assert as_user(sales_team.manager).post(waive, {"reason": "Fire drill"}).status_code == 302
    told = lead_page(sales_team.mia, offered)
    assert "waived by Sara Sales: Fire drill" in told
    assert waive not in told


def test_lead_page_lets_marketing_dispute_an_ending_once(offered: Handoff, sales_team: SalesTeam) -> None:
    dispute = reverse("handoffs:dispute", args=[offered.pk])
    assert dispute not in lead_page(sales_team.marketing, offered)
    do(sales_team.mia, offered, "reject", reason_key="reject-not-our-market")
    assert dispute in lead_page(sales_team.marketing, offered)
    assert dispute not in lead_page(sales_team.manager, offered)
    client = as_user(sales_team.marketing)
    assert client.post(dispute, {"note": "They sell to us"}, headers=HTMX).status_code == 204
    assert "Disputed by marketing" in lead_page(sales_team.marketing, offered)
    assert dispute not in lead_page(sales_team.marketing, offered)


def test_lead_page_offers_handing_over_and_deals_where_they_fit(
    starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    lead = lead_of(starter, owner=sales_team.mia)
    address = reverse("leads:detail", args=[lead.pk])
    hand_off, won = (
        reverse("handoffs:hand_off", args=[lead.pk]),
        reverse("handoffs:deal", args=[lead.pk, "won"]),
    )

    def offered_to(user: User) -> tuple[bool, bool]:
        page = as_user(user).get(address).content.decode()
        return hand_off in page, won in page

    assert [offered_to(user) for user in (sales_team.marketing, sales_team.mia)] == [(True, False)] * 2
    advance_to(lead, Stage.SQL, now=now)
    people = (sales_team.marketing, sales_team.mia, sales_team.omar, sales_team.manager)
    assert [offered_to(user) for user in people] == [
        (False, False),
        (False, True),
        (False, False),
        (False, True),
    ]
