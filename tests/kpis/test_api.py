"""Figures and visitors over REST."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from agreements.models import Version
from kpis.measures import MEASURES
from tests.factories.accounts import UserFactory, plain_token
from tests.factories.handoffs import SalesTeam, lead_of, qualify_by_score

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client: Client, time_machine: Any, now: datetime) -> Client:
    time_machine.move_to(now, tick=False)
    return as_user(client, UserFactory(marketing_manager=True), now)


def as_user(client: Client, user: User, now: datetime) -> Client:
    client.defaults["HTTP_AUTHORIZATION"] = f"Token {plain_token(user, now=now)[1]}"
    return client


def errors(answer: Any) -> list[str]:
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    return [error["field"] for error in answer.json()["errors"]]


def test_kpis_tell_every_measure_and_where_its_facts_are(
    api: Client, starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    qualify_by_score(lead_of(starter), lead_of(starter, source=""), now=now)
    told = api.get("/api/v1/kpis/?month=2026-11").json()
    assert (told["from"], told["to"], told["zone"]) == ("2026-11-01", "2026-11-30", "Europe/Berlin")
    by_key = {each["key"]: each for each in told["measures"]}
    assert list(by_key) == [*MEASURES, "promises-kept"]
    assert by_key["mqls"]["numerator"] == by_key["mqls"]["value"] == 2
    assert (by_key["mqls-to-sqls"]["value"], by_key["mqls-to-sqls"]["denominator"]) == (0.0, 2)
    assert (by_key["conversion"]["value"], by_key["conversion"]["denominator"]) == (0.0, 2)
    assert by_key["sql-to-customer"]["value"] is None
    assert by_key["sql-to-customer"]["empty"] == "No decisions yet."
    for each in told["measures"]:
        for which, listing in each["behind"].items():
            facts = api.get(listing["url"]).json()
            if each["kind"] in ("count", "rate") and each["key"] not in ("visitors", "visitors-to-leads"):
                assert facts["count"] == each[which], each["key"]
    facts = api.get("/api/v1/kpis/behind/?key=mqls&page_size=1").json()
    assert (facts["count"], len(facts["results"])) == (2, 1)
    assert api.get("/api/v1/kpis/behind/?key=mqls&by=source&value=").json()["count"] == 1
    narrowed = api.get("/api/v1/kpis/?source=-").json()
    assert next(each for each in narrowed["measures"] if each["key"] == "mqls")["value"] == 1


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("month=2027-01", ["month"]),
        ("month=nov", ["month"]),
        ("month=2026-13", ["month"]),
        ("from=2026-11-01", ["to"]),
        ("from=2026-11-02&to=2026-11-01", ["to"]),
        ("from=2000-01-01&to=2026-11-01", ["to"]),
        ("month=2026-11&from=2026-11-01&to=2026-11-02", ["month"]),
        ("agreement=none", ["agreement"]),
        ("team=99", ["team"]),
        ("team=x", ["team"]),
        ("mounth=2026-10&teem=1", ["mounth", "teem"]),
    ],
)
def test_kpis_say_what_is_wrong_with_the_question(
    api: Client, starter: Version, query: str, fields: list[str]
) -> None:
    assert errors(api.get(f"/api/v1/kpis/?{query}")) == fields


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", ["key"]),
        ("key=nothing", ["key"]),
        ("key=mqls&part=both", ["part"]),
        ("key=mqls&part=denominator", ["part"]),
        ("key=mqls&by=reason&value=x", ["by"]),
        ("key=mqls&by=team&value=x", ["by"]),
        ("key=mqls&by=day&value=x", ["by"]),
        ("key=mqls&by=day&value=9999-12-31", ["by"]),
        ("key=mqls&by=week&value=9999-12-31", ["by"]),
        ("key=mqls&by=month&value=9999-12-31", ["by"]),
        ("key=mqls&by=day&value=0001-01-01", ["by"]),
        ("key=mqls&page=0", ["page"]),
        ("key=mqls&page_size=5000", ["page_size"]),
    ],
)
def test_behind_says_what_is_wrong_with_the_question(
    api: Client, starter: Version, query: str, fields: list[str]
) -> None:
    assert errors(api.get(f"/api/v1/kpis/behind/?{query}")) == fields


def test_traffic_is_taken_item_by_item_and_may_be_repeated(api: Client, starter: Version) -> None:
    body = {
        "traffic": [{"day": "2026-11-01", "source": "ads", "visitors": 12}, {"day": "soon", "visitors": 1}]
    }
    for status in ("created", "unchanged"):
        answer = api.post("/api/v1/traffic/", body, content_type="application/json")
        first, second = answer.json()["results"]
        assert first == {"index": 0, "status": status, "error": None}
        assert (second["status"], second["error"]["field"]) == ("error", "day")
    told = api.get("/api/v1/kpis/").json()["measures"][0]
    assert (told["key"], told["value"]) == ("visitors", 12)
    assert errors(api.post("/api/v1/traffic/", {"visits": []}, content_type="application/json")) == [
        "traffic"
    ]


def test_who_may(client: Client, starter: Version, now: datetime, time_machine: Any) -> None:
    time_machine.move_to(now, tick=False)
    assert client.get("/api/v1/kpis/").status_code == 401
    as_user(client, UserFactory(), now)
    assert client.get("/api/v1/kpis/").status_code == 200
    assert (
        client.post("/api/v1/traffic/", {"traffic": []}, content_type="application/json").status_code == 403
    )
