"""The REST endpoints of leads and activities, as a client sees them."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import Scope
from agreements.selectors import cite
from leads import extensions
from leads.models import Activity, Lead, StageChange
from leads.stages import Stage
from tests.factories.accounts import UserFactory, plain_token
from tests.factories.leads import ActivityFactory, ExternalRefFactory, LeadFactory, StageChangeFactory

pytestmark = pytest.mark.django_db

UPSERT, ACTIVITIES, LEADS = "/api/v1/leads/upsert/", "/api/v1/activities/", "/api/v1/leads/"


class ApiClient(Client):
    """Sends a token with every request."""

    def __init__(self, token):
        super().__init__(headers={"Authorization": f"Token {token}"})

    def send(self, path, body):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.post(path, raw, content_type="application/json")


@pytest.fixture
def user():
    return UserFactory(marketing_manager=True)


@pytest.fixture
def api(user, now):
    return ApiClient(plain_token(user)[1])


@pytest.fixture
def extra(monkeypatch):
    """What upper apps say of a lead."""
    said = {"score": lambda ids: {lead_id: {"fit": 40, "interest": 0, "grade": "B4"} for lead_id in ids}}
    said["handoff"] = lambda ids: {}
    monkeypatch.setattr(extensions, "result_fields", extensions.result_fields)
    before = dict(extensions.result_fields)
    extensions.result_fields.clear()
    extensions.result_fields.update(said)
    yield
    extensions.result_fields.clear()
    extensions.result_fields.update(before)


# --- Writing ---


def test_upsert_answers_for_each_item(api, starter, extra, user):
    response = api.send(
        UPSERT,
        {
            "leads": [
                {
                    "external_ref": {"system": "crm", "id": "42"},
                    "email": "ada@bar.de",
                    "source": "paid_search",
                },
                {"email": "nonsense"},
            ]
        },
    )

    lead = Lead.objects.get()
    assert response.status_code == 200
    assert response.json() == {
        "results": [
            {
                "index": 0,
                "status": "created",
                "id": str(lead.pk),
                "stage": "lead",
                "score": {"fit": 40, "interest": 0, "grade": "B4"},
                "handoff": None,
                "error": None,
            },
            {
                "index": 1,
                "status": "error",
                "id": None,
                "stage": None,
                "score": None,
                "handoff": None,
                "error": {"field": "email", "reason": "This is not an e-mail address."},
            },
        ]
    }
    assert StageChange.objects.values_list("actor", "source").get() == (user.pk, "api")


def test_upsert_again_is_unchanged(api, starter):
    body = {"leads": [{"email": "ada@bar.de", "attributes": {"a": [1, {"b": None}]}}]}
    api.send(UPSERT, body)

    [result] = api.send(UPSERT, body).json()["results"]

    assert (result["status"], result["error"]) == ("unchanged", None)


def test_a_dry_run_tells_the_consequences_and_keeps_nothing(api, starter, extra):
    known = LeadFactory(email="ben@foo.com")
    body = {
        "leads": [
            {"email": "ada@bar.de"},
            {"email": "ada@bar.de", "phone": "1"},
            {"email": "ben@foo.com", "phone": "1"},
        ]
    }

    results = api.send(f"{UPSERT}?dry_run=1", body).json()["results"]

    assert [(result["status"], result["id"], result["stage"]) for result in results] == [
        ("created", None, "lead"),
        ("updated", None, "lead"),
        ("updated", str(known.pk), "lead"),
    ]
    assert results[0]["score"] == {"fit": 40, "interest": 0, "grade": "B4"}
    assert list(Lead.objects.values_list("email", "phone")) == [("ben@foo.com", "")]


def test_activities_are_recorded_once(api, now):
    lead = LeadFactory(email="ada@bar.de", stage=Stage.LEAD)
    item = {
        "lead": {"email": "ada@bar.de"},
        "type": "visit",
        "occurred_at": "2026-11-02T09:30:00Z",
        "key": "web-1",
        "payload": {},
    }

    first = api.send(ACTIVITIES, {"activities": [item]}).json()["results"]
    again = api.send(
        ACTIVITIES, {"activities": [item, {**item, "key": "web-2", "lead": {"id": str(lead.pk)}}]}
    ).json()

    assert (first[0]["status"], first[0]["id"], first[0]["stage"]) == ("created", str(lead.pk), "lead")
    assert [result["status"] for result in again["results"]] == ["unchanged", "created"]
    assert list(Activity.objects.order_by("id").values_list("key", "source")) == [
        ("web-1", "api"),
        ("web-2", "api"),
    ]


def test_a_dry_run_of_activities_keeps_nothing(api):
    LeadFactory(email="ada@bar.de")
    item = {"lead": {"email": "ada@bar.de"}, "type": "visit", "occurred_at": "2026-11-02T09:30:00Z"}

    assert (
        api.send(f"{ACTIVITIES}?dry_run=true", {"activities": [item]}).json()["results"][0]["status"]
        == "created"
    )
    assert not Activity.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "not valid JSON"),
        (b"\xff", 400, "not valid JSON"),
        (b"", 400, "not valid JSON"),
        (b"[" * 100_000, 400, "leads"),
        (b'{"leads": [' + b"[" * 100_000, 400, "not valid JSON"),
        (b"[]", 400, "leads"),
        (b"{}", 400, "leads"),
        (b'{"leads": {}}', 400, "leads"),
        (b'{"leads": [], "more": 1}', 400, "more"),
        (b'{"leads": [' + b",".join([b"{}"] * 5001) + b"]}", 413, "5001 items"),
    ],
)
def test_a_body_of_another_shape_is_a_problem_in_words(api, body, status, words):
    response = api.send(UPSERT, body)

    problem = response.json()
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert words in problem["detail"]


def test_a_body_too_large_is_refused(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024**2

    response = api.send(UPSERT, b'{"leads": ["' + b"x" * 1024**2 + b'"]}')

    assert response.status_code == 413
    assert "1 MB" in response.json()["detail"]


def test_another_type_of_content_is_refused(api):
    assert api.post(UPSERT, {"leads": "x"}).status_code == 415


def test_an_empty_batch_is_fine(api):
    assert api.send(UPSERT, {"leads": []}).json() == {"results": []}


@pytest.mark.parametrize("path", [UPSERT, ACTIVITIES])
def test_who_may_not_write_is_refused(path, now):
    leadership, rep = UserFactory(leadership=True), UserFactory(rep=True)

    assert Client().post(path, b"{}", content_type="application/json").status_code == 401
    assert ApiClient(plain_token(leadership)[1]).send(path, {}).status_code == 403
    assert ApiClient(plain_token(rep, Scope.LEADS_READ)[1]).send(path, {}).status_code == 403
    assert ApiClient(plain_token(rep, Scope.LEADS_WRITE)[1]).send(path, {}).status_code == 400


def test_a_batch_is_answered_with_as_many_statements_as_one_lead(api, starter):
    counts = []
    api.send(UPSERT, {"leads": [{"email": "first@bar.de"}]})
    for size in (1, 500):
        body = {
            "leads": [
                {"email": f"{size}-{n}@bar.de", "external_ref": {"system": "crm", "id": f"{size}-{n}"}}
                for n in range(size)
            ]
        }
        with CaptureQueriesContext(connection) as queries:
            assert api.send(UPSERT, body).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


# --- Reading ---


@pytest.fixture
def ada(starter, now):
    mia = UserFactory(email="mia@example.com")
    lead = LeadFactory(
        email="ada@bar.de",
        first_name="Ada",
        last_name="King",
        company__name="Bar AG",
        company__domain="bar.de",
        owner=mia,
        agreement=starter.agreement,
        attributes={"plan": "gold"},
        stage=Stage.MQL,
        created_at=now,
    )
    ExternalRefFactory(lead=lead, system="crm", external_id="42")
    return lead


def test_a_lead_is_read_whole(api, ada, extra, starter):
    response = api.get(f"{LEADS}{ada.pk}/")

    assert response.json() == {
        "id": str(ada.pk),
        "external_refs": [{"system": "crm", "id": "42"}],
        "email": "ada@bar.de",
        "first_name": "Ada",
        "last_name": "King",
        "job_title": "CFO",
        "phone": "",
        "company": {
            "name": "Bar AG",
            "domain": "bar.de",
            "industry": "Manufacturing",
            "employees": 250,
            "country": "DE",
        },
        "source": "paid_search",
        "time_zone": "",
        "email_consent": "unknown",
        "do_not_call": False,
        "attributes": {"plan": "gold"},
        "stage": "mql",
        "stage_entered_at": "2026-11-02T09:30:00Z",
        "score": {"fit": 40, "interest": 0, "grade": "B4"},
        "handoff": None,
        "value": None,
        "owner": "mia@example.com",
        "agreement": starter.agreement.slug,
        "created_at": "2026-11-02T09:30:00Z",
        "last_activity_at": None,
        "updated_at": "2026-11-02T09:30:00Z",
    }


def test_a_lead_that_is_not_there_is_a_problem(api):
    response = api.get(f"{LEADS}999999/")

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"ada", "ben"}),
        ("stage=mql", {"ada"}),
        ("stage=mql&stage=lead", {"ada", "ben"}),
        ("owner=MIA@example.com", {"ada"}),
        ("source=webinar", {"ben"}),
        ("email=ADA@bar.de", {"ada"}),
        ("external_ref=crm:42", {"ada"}),
        ("external_ref=crm:43", set()),
        ("updated_since=2026-11-02T10:00:00Z", {"ben"}),
        ("updated_since=2026-11-02T09:30:00Z", {"ada", "ben"}),
        ("q=king", {"ada"}),
        ("q=bar ada", {"ada"}),
        ("q=foo", {"ben"}),
        ("q=ki", {"ada"}),
        ("q=in", set()),
        ("q=100%25", set()),
    ],
)
def test_leads_are_filtered(api, ada, now, query, found):
    LeadFactory(
        email="ben@other.example",
        first_name="Ben",
        last_name="Ruiz",
        source="webinar",
        company__name="Foo Ltd",
        company__domain="foo.example",
        created_at=now,
        updated_at=now + timedelta(hours=1),
    )

    response = api.get(f"{LEADS}?{query}")

    assert {lead["first_name"].lower() for lead in response.json()["results"]} == found


def test_the_agreement_and_the_grade_filter_too(api, ada, starter, now):
    from scoring.models import LeadScore

    LeadFactory()
    LeadScore.objects.create(lead=ada, version_id=starter.pk, grade="A1", scored_at=now)

    for query in (f"agreement={starter.agreement.slug}", "grade=a1"):
        assert [lead["id"] for lead in api.get(f"{LEADS}?{query}").json()["results"]] == [str(ada.pk)]


@pytest.mark.parametrize("query", ["stage=nonsense", "updated_since=yesterday"])
def test_a_filter_that_means_nothing_is_a_problem(api, query):
    response = api.get(f"{LEADS}?{query}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == query.split("=")[0]


def test_leads_come_in_pages_with_a_fixed_number_of_queries(api, starter):
    leads = [LeadFactory(agreement=starter.agreement) for _ in range(5)]
    api.get(LEADS)
    with CaptureQueriesContext(connection) as few:
        first = api.get(f"{LEADS}?page_size=1").json()
    with CaptureQueriesContext(connection) as many:
        api.get(f"{LEADS}?page_size=4")
    second = api.get(first["next"].replace("page_size=1", "page_size=4")).json()

    assert [lead["id"] for lead in first["results"] + second["results"]] == [
        str(lead.pk) for lead in reversed(leads)
    ]
    assert second["next"] is None
    assert len(few) == len(many)


def test_the_timeline_tells_what_happened_and_why(api, ada, starter, now):
    ActivityFactory(
        lead=ada, type="demo_request", occurred_at=now, payload={"page": "/demo", "nested": {"a": 1}}
    )
    mia = UserFactory(name="Mia Chen")
    StageChangeFactory(
        lead=ada, from_stage="lead", to_stage="mql", at=now, version=starter, clause_key="lead"
    )
    StageChangeFactory(lead=ada, from_stage="", to_stage="lead", at=now - timedelta(days=1), actor=mia)

    facts = api.get(f"{LEADS}{ada.pk}/timeline/").json()["results"]

    clause = cite(starter.pk, "lead")
    assert [(fact["at"], fact["kind"], fact["title"], fact["detail"], fact["actor"]) for fact in facts] == [
        ("2026-11-02T09:30:00Z", "stage", "Lead → MQL", "", ""),
        ("2026-11-02T09:30:00Z", "activity", "Demo request", "Page: /demo", ""),
        ("2026-11-01T09:30:00Z", "stage", "Came in as Lead", "", "Mia Chen"),
    ]
    assert facts[0]["clause"] == {
        "key": "lead",
        "reference": clause.reference,
        "words": clause.title,
        "version": 1,
        "url": clause.url,
    }
    assert facts[1]["clause"] is None


def test_reading_needs_the_scope(ada, now):
    writer = ApiClient(plain_token(UserFactory(rep=True), Scope.LEADS_WRITE)[1])

    for path in (LEADS, f"{LEADS}{ada.pk}/", f"{LEADS}{ada.pk}/timeline/"):
        assert writer.get(path).status_code == 403
        assert Client().get(path).status_code == 401


def test_the_schema_is_valid_and_names_the_endpoints(tmp_path):
    path = tmp_path / "schema.json"

    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(path)
    )

    schema = json.loads(path.read_text())
    upsert = schema["paths"]["/api/v1/leads/upsert/"]["post"]
    item = upsert["requestBody"]["content"]["application/json"]["schema"]["properties"]["leads"]["items"]
    assert {"external_ref", "email", "company", "attributes"} <= item["properties"].keys()
    assert "won_at" not in item["properties"]
    assert upsert["responses"]["200"]["content"]["application/json"]["examples"]
    assert {
        "/api/v1/activities/",
        "/api/v1/leads/",
        "/api/v1/leads/{id}/",
        "/api/v1/leads/{id}/timeline/",
    } <= schema["paths"].keys()
