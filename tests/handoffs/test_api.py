"""Handoffs over REST, as a client sees them."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import Scope
from agreements.models import Version
from handoffs.models import Attempt, Breach, Handoff
from handoffs.services import sweep_deadlines, waive_breach
from tests.factories.accounts import UserFactory, plain_token
from tests.factories.handoffs import SalesTeam, excused_handoff, urgent_handoff

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HANDOFFS = "/api/v1/handoffs/"


class ApiClient(Client):
    """Calls with a token of a user, at an instant."""

    def __init__(self, user: User, now: datetime, *scopes: Scope) -> None:
        super().__init__(headers={"Authorization": f"Token {plain_token(user, *scopes)[1]}"})
        self.now = now

    def ask(self, path: str, **query: Any) -> Any:
        with time_machine.travel(self.now, tick=False):
            return self.get(path, query)

    def act(self, handoff: Handoff, name: str, **body: Any) -> Any:
        with time_machine.travel(self.now, tick=False):
            return self.post(
                f"{HANDOFFS}{handoff.pk}/{name}/", json.dumps(body), content_type="application/json"
            )


@pytest.fixture
def handoff(starter: Version, sales_team: SalesTeam, now: datetime) -> Handoff:
    return urgent_handoff(starter, now, first_name="Ada", last_name="King", email="ada@bar.example", phone="")


@pytest.fixture
def mia(handoff: Handoff, sales_team: SalesTeam, now: datetime) -> ApiClient:
    return ApiClient(sales_team.mia, now + 10 * MINUTE)


def stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


# --- Reading ------------------------------------------------------------------------------------------------------


def test_one_handoff(mia: ApiClient, handoff: Handoff, starter: Version, now: datetime):
    answer = mia.ask(f"{HANDOFFS}{handoff.pk}/")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(handoff.pk),
        "lead": {
            "id": str(handoff.lead_id),
            "email": "ada@bar.example",
            "name": "Ada King",
            "stage": "mql",
        },
        "state": "offered",
        "urgent": True,
        "trigger": {
            "key": "trigger-demo-request",
            "reference": "4.1",
            "words": "Asks to talk",
            "version": 1,
            "url": f"{starter.get_absolute_url()}#trigger-demo-request",
        },
        "pool": "inbound",
        "owner": "mia@example.com",
        "missing": ["phone"],
        "note": "",
        "lead_acted_at": stamp(now),
        "created_at": stamp(now),
        "assigned_at": stamp(now),
        "accepted_at": None,
        "first_attempt_at": None,
        "last_attempt_at": None,
        "answered_at": None,
        "attempts_made": 0,
        "attempts_needed": 5,
        "due_at": stamp(now + HOUR),
        "snoozed_until": None,
        "ended_at": None,
        "reason_key": "",
        "reason_note": "",
        "cool_down_until": None,
        "disputed_at": None,
        "updated_at": stamp(now),
    }


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_handoffs_narrowed(mia: ApiClient, handoff: Handoff, starter: Version, now: datetime):
    other = urgent_handoff(starter, now + HOUR)
    mia.act(handoff, "reject", reason="reject-duplicate")
    first, second = str(handoff.pk), str(other.pk)
    assert ids(mia.ask(HANDOFFS)) == [second, first]
    assert ids(mia.ask(HANDOFFS, lead=handoff.lead_id)) == [first]
    assert ids(mia.ask(HANDOFFS, lead=handoff.lead_id, state="")) == [first]
    assert ids(mia.ask(HANDOFFS, lead="", state=["", "open"])) == [second]
    assert ids(mia.ask(HANDOFFS, state="open")) == [second]
    assert ids(mia.ask(HANDOFFS, state=["rejected", "open"])) == [second, first]
    assert ids(mia.ask(HANDOFFS, owner="OMAR@example.com")) == [second]
    assert ids(mia.ask(HANDOFFS, updated_since=stamp(now + HOUR))) == [second]
    assert ids(mia.ask(HANDOFFS, lead="99999999999999999999999")) == []


@pytest.mark.parametrize("query", [{"state": "happy"}, {"lead": "x"}, {"updated_since": "soon"}])
def test_handoffs_narrowed_by_nonsense(query: dict[str, str], mia: ApiClient):
    answer = mia.ask(HANDOFFS, **query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["errors"][0]["field"] == next(iter(query))


def test_handoffs_come_in_pages_of_a_fixed_number_of_queries(
    mia: ApiClient, starter: Version, sales_team: SalesTeam, now: datetime
):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            mia.ask(HANDOFFS, page_size=50)
        return len(queries)

    count()
    one = count()
    for _ in range(5):
        urgent_handoff(starter, now)
    assert count() == one
    answer = mia.ask(HANDOFFS, page_size=4).json()
    assert len(answer["results"]) == 4
    assert len(mia.ask(answer["next"]).json()["results"]) == 2


def test_what_was_waived_is_no_longer_due(
    mia: ApiClient, starter: Version, sales_team: SalesTeam, now: datetime
):
    excused, _ = excused_handoff(starter, sales_team, now)
    assert mia.ask(f"{HANDOFFS}{excused.pk}/").json()["due_at"] is None


def test_deadlines_and_breaches(mia: ApiClient, handoff: Handoff, sales_team: SalesTeam, now: datetime):
    sweep_deadlines(now=now + HOUR + MINUTE)
    waive_breach(
        breach_id=Breach.objects.get().pk, reason="Power cut", now=now + 2 * HOUR, actor=sales_team.manager
    )
    accept, first = sorted(
        mia.ask("/api/v1/deadlines/", handoff=handoff.pk).json()["results"], key=lambda row: row["kind"]
    )
    assert accept == {
        "id": str(handoff.deadlines.get(kind="accept").pk),
        "handoff": str(handoff.pk),
        "kind": "accept",
        "step": 0,
        "owner": "mia@example.com",
        "clause": first["clause"],
        "calendar": "head-office",
        "calendar_revision": 1,
        "started_at": stamp(now),
        "remind_at": stamp(now + 30 * MINUTE),
        "due_at": stamp(now + HOUR),
        "escalate_at": stamp(now + 2 * HOUR),
        "reassign_at": stamp(now + 5 * HOUR),
        "outcome": "open",
        "ended_at": None,
        "took": None,
        "is_breached": True,
    }
    assert (first["clause"]["key"], first["is_breached"]) == ("response-urgent", False)
    assert ids(mia.ask("/api/v1/deadlines/", outcome="met")) == []

    [breach] = mia.ask("/api/v1/breaches/", handoff=handoff.pk).json()["results"]
    assert breach == {
        "id": str(Breach.objects.get().pk),
        "deadline": accept["id"],
        "handoff": str(handoff.pk),
        "kind": "accept",
        "owner": "mia@example.com",
        "team": "Inside sales",
        "clause": accept["clause"],
        "due_at": stamp(now + HOUR),
        "recorded_at": stamp(now + HOUR + MINUTE),
        "waiver": {"reason": "Power cut", "user": "sara@example.com", "at": stamp(now + 2 * HOUR)},
    }
    assert ids(mia.ask("/api/v1/breaches/", owner="omar@example.com")) == []


# --- Acts ---------------------------------------------------------------------------------------------------------


def test_a_handoff_from_offer_to_sql(mia: ApiClient, handoff: Handoff):
    accepted = mia.act(handoff, "accept")
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    logged = mia.act(handoff, "attempts", channel="phone", outcome="connected", note="Wants it in May")
    assert (logged.status_code, logged.json()["number"], logged.json()["user"]) == (201, 1, "mia@example.com")
    qualified = mia.act(handoff, "qualify", note="Needs it", value="18000.00")
    assert qualified.status_code == 200
    assert (qualified.json()["state"], qualified.json()["lead"]["stage"]) == ("qualified", "sql")


def test_acts_may_be_repeated(mia: ApiClient, handoff: Handoff):
    for _ in range(2):
        assert mia.act(handoff, "accept").status_code == 200
    body = {"channel": "phone", "outcome": "sent", "key": "crm-77"}
    first = mia.act(handoff, "attempts", **body)
    mia.now += MINUTE
    again = mia.act(handoff, "attempts", **body)
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert Attempt.objects.count() == 1
    for _ in range(2):
        answer = mia.act(handoff, "return", reason="return-not-now", note="In May")
        assert (answer.status_code, answer.json()["reason_key"]) == (200, "return-not-now")


@pytest.mark.parametrize(
    ("act", "body", "words"),
    [
        ("qualify", {}, "This cannot be done now. The handoff’s state: Waiting to be accepted."),
        (
            "reject",
            {"reason": "lose-price"},
            "“lose-price” is no reason for this in the agreement. Choose one of: reject-duplicate, "
            "reject-unusable-data, reject-not-our-market, reject-competitor.",
        ),
    ],
)
def test_a_refusal_says_why(act: str, body: dict[str, str], words: str, mia: ApiClient, handoff: Handoff):
    answer = mia.act(handoff, act, **body)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {"type": "about:blank", "title": "Conflict", "status": 409, "detail": words}


def test_a_return_before_the_attempts_are_made(mia: ApiClient, handoff: Handoff):
    mia.act(handoff, "accept")
    answer = mia.act(handoff, "return", reason="return-no-response")
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("“No answer” holds after 5 attempts; 0 made.")


def test_somebody_elses_handoff(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    answer = ApiClient(sales_team.omar, now).act(handoff, "accept")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "This handoff is Mia’s. Ask a sales manager to reassign it.",
    )


@pytest.mark.parametrize(
    ("act", "body", "field"),
    [
        ("reject", {}, "reason"),
        ("attempts", {"channel": "pigeon", "outcome": "sent"}, "channel"),
        ("attempts", {"channel": "phone"}, "outcome"),
        ("attempts", {"channel": "phone", "outcome": "sent", "at": "yesterday"}, "at"),
        ("attempts", {"channel": "phone", "outcome": "sent", "key": "k" * 201}, "key"),
        ("qualify", {"value": "-1"}, "value"),
    ],
)
def test_invalid_input_names_the_field(
    act: str, body: dict[str, str], field: str, mia: ApiClient, handoff: Handoff
):
    answer = mia.act(handoff, act, **body)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])


def test_a_handoff_that_is_not_there(mia: ApiClient, handoff: Handoff):
    assert mia.ask(f"{HANDOFFS}{handoff.pk + 1}/").status_code == 404
    handoff.pk += 1
    answer = mia.act(handoff, "accept")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


# --- Who may ------------------------------------------------------------------------------------------------------


def test_without_a_token(handoff: Handoff):
    assert Client().get(HANDOFFS).status_code == 401


def test_scopes_narrow_a_token(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    reads = ApiClient(sales_team.mia, now, Scope.HANDOFFS_READ)
    assert reads.ask(HANDOFFS).status_code == 200
    assert reads.act(handoff, "accept").status_code == 403
    leads = ApiClient(sales_team.mia, now, Scope.LEADS_WRITE)
    assert [leads.ask(path).status_code for path in (HANDOFFS, "/api/v1/deadlines/")] == [403, 403]


@pytest.mark.parametrize("role", ["marketing_manager", "leadership"])
def test_who_reads_but_works_no_handoffs(role: str, handoff: Handoff, now: datetime):
    client = ApiClient(UserFactory(role=role), now)
    assert client.ask(HANDOFFS).status_code == 200
    assert client.act(handoff, "accept").status_code == 403


def test_the_lead_shows_its_open_handoff(mia: ApiClient, handoff: Handoff, now: datetime):
    path = f"/api/v1/leads/{handoff.lead_id}/"
    assert mia.ask(path).json()["handoff"] == {
        "id": str(handoff.pk),
        "state": "offered",
        "owner": "mia@example.com",
        "due_at": stamp(now + HOUR),
    }
    mia.act(handoff, "reject", reason="reject-duplicate")
    assert mia.ask(path).json()["handoff"] is None
