"""Nurture over REST: the same services, the same words."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from agreements.models import Version
from nurture.models import Enrolment, Track
from nurture.services import send_steps
from tests.factories.handoffs import SalesTeam
from tests.factories.nurture import enrol, returned, running_track, willing

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ENROLMENTS = "/api/v1/nurture/enrolments/"


@pytest.fixture
def api(sales_team: SalesTeam) -> APIClient:
    client = APIClient()
    client.force_login(sales_team.mia)
    return client


@pytest.fixture
def track(starter: Version, now: datetime) -> Track:
    return running_track(starter, now=now)


def queries(client: APIClient, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_tracks_with_their_newest_emails(
    api: APIClient, starter: Version, track: Track, now: datetime
) -> None:
    enrol(track, willing(starter), now=now)
    found = {each["key"]: each for each in api.get("/api/v1/nurture/tracks/").json()["results"]}
    assert found.keys() == {"track-awareness", "track-consideration", "track-decision"}
    mine = found[track.key]
    assert [step["wait"] for step in mine.pop("steps")] == ["1 day", "3 days", "5 days"]
    assert mine == {
        "id": str(track.pk),
        "agreement": "marketing-and-sales",
        "key": "track-consideration",
        "name": "Compare the ways to solve it",
        "is_active": True,
        "revision": 2,
        "lasts_days": 30,
        "inside": 1,
    }


def test_an_enrolment_says_why_and_what_was_sent(
    api: APIClient, starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    handoff = returned(starter, now=now, reason="return-no-budget", email="ada@bar.example")
    send_steps(now=now + DAY)
    [shown] = api.get(f"{ENROLMENTS}?lead={handoff.lead_id}&state=active").json()["results"]
    clause, [delivery] = shown["clause"], shown["deliveries"]
    assert (shown["track"], shown["cause"], shown["handoff"], shown["position"], shown["hold"]) == (
        "track-consideration",
        "handoff",
        str(handoff.pk),
        2,
        "",
    )
    assert (clause["key"], clause["words"] != "") == ("return-no-budget", True)
    assert (delivery["position"], delivery["address"], delivery["state"], delivery["clicked_at"]) == (
        1,
        "ada@bar.example",
        "kept",
        None,
    )
    assert delivery["subject"] == "Hello Ada"
    assert api.get(f"{ENROLMENTS}{shown['id']}/").json() == shown


def test_enrol_move_refuse_and_leave(
    api: APIClient, starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    lead = willing(starter, email=None)
    made = api.post(ENROLMENTS, {"lead": lead.pk, "track": track.key, "note": "Spring"})
    assert (made.status_code, made.json()["hold"], made.json()["enrolled_by"]) == (
        201,
        "no_email",
        "mia@example.com",
    )
    again = api.post(ENROLMENTS, {"lead": lead.pk, "track": track.key})
    assert (again.status_code, "already" in again.json()["detail"]) == (409, True)
    assert api.post(ENROLMENTS, {"lead": 0, "track": track.key}).status_code == 400
    assert api.post(ENROLMENTS, {"lead": 10**9, "track": track.key}).status_code == 400
    assert api.post(ENROLMENTS, {"lead": lead.pk, "track": "nowhere"}).status_code == 409
    left = api.post(f"{ENROLMENTS}{made.json()['id']}/leave/", {})
    assert (left.status_code, left.json()["ended_why"]) == (200, "by_hand")
    assert api.post(f"{ENROLMENTS}{made.json()['id']}/leave/", {}).status_code == 409


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=active", 2),
        ("hold=no_email", 1),
        ("track=track-decision", 0),
        ("updated_since=2030-01-01T00:00Z", 0),
    ],
)
def test_enrolments_narrowed(
    query: str, count: int, api: APIClient, starter: Version, track: Track, now: datetime
) -> None:
    enrol(track, willing(starter), willing(starter, email=None), now=now)
    assert len(api.get(f"{ENROLMENTS}?{query}").json()["results"]) == count


def test_lists_cost_the_same_for_one_and_for_many(
    api: APIClient, starter: Version, track: Track, now: datetime
) -> None:
    def measure() -> list[int]:
        return [queries(api, address) for address in (ENROLMENTS, "/api/v1/nurture/tracks/")]

    enrol(track, willing(starter), now=now)
    send_steps(now=now + DAY)
    measure()
    before = measure()
    enrol(track, *(willing(starter) for _ in range(9)), now=now)
    send_steps(now=now + DAY)
    assert measure() == before
    assert Enrolment.objects.count() == 10


def test_timeline_has_it(
    api: APIClient, starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    handoff = returned(starter, now=now, reason="return-no-budget")
    send_steps(now=now + DAY)
    answer: Any = api.get(f"/api/v1/leads/{handoff.lead_id}/timeline/").json()
    facts = answer["results"] if isinstance(answer, dict) else answer
    titles = [fact["title"] for fact in facts if fact["kind"] == "nurture"]
    assert titles == ["E-mail: Hello Ada", "Enrolled in “Compare the ways to solve it”"]
