"""The receipt over REST."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from accounts.roles import Scope
from scoring.api.views import EXAMPLE
from tests.factories.accounts import UserFactory, plain_token
from tests.factories.scoring import acts, fit, gate, interest, lead_under, scored_by, when

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("alone")]
CHIEF = fit("fit-chief", 64, when("job_title", "contains", "chief"))
PAGE = interest("interest-page", "page_view", 10, half_life_days=14, cap=25)


def get(lead_id, now, *scopes, user=None):
    token = plain_token(user or UserFactory(), *scopes)[1]
    with time_machine.travel(now, tick=False):
        return Client(headers={"Authorization": f"Token {token}"}).get(f"/api/v1/leads/{lead_id}/score/")


def test_score_gives_the_receipt(now):
    unless = [when("source", "is", "bought")]
    version = scored_by(CHIEF, PAGE, now=now, gates=[gate("mql-threshold", ["B1", "A4"], *unless)])
    lead = lead_under(version, now=now, job_title="chief", source="web")
    acts(lead, "page_view", 4, now=now, days_ago=14)

    response = get(lead.pk, now)

    assert response.status_code == 200
    reference = {key: f"3.{position}" for key, position in positions(version).items()}
    assert response.json() == {
        "lead": str(lead.pk),
        "at": "2026-11-02T09:30:00Z",
        "version": {"agreement": version.agreement.slug, "number": version.number},
        "fit": 64,
        "interest": 20,
        "grade": "B3",
        "qualifies": False,
        "decays": True,
        "next_letter": {"step": "A", "points": 6},
        "next_digit": {"step": "2", "points": 20},
        "rules": [
            {
                "key": "fit-chief",
                "reference": reference["fit-chief"],
                "title": "fit-chief",
                "dimension": "fit",
                "points": 64.0,
                "met": True,
                "how": "job title contains chief",
                "activities": None,
                "points_each": 64,
                "points_after_decay": None,
                "half_life_days": None,
                "cap": None,
                "latest_at": None,
            },
            {
                "key": "interest-page",
                "reference": reference["interest-page"],
                "title": "interest-page",
                "dimension": "interest",
                "points": 20.0,
                "met": True,
                "how": "4 × 10 = 40, halved every 14 days: 20 left",
                "activities": 4,
                "points_each": 10,
                "points_after_decay": 20.0,
                "half_life_days": 14,
                "cap": 25,
                "latest_at": "2026-10-19T09:30:00Z",
            },
        ],
        "qualifications": [
            {
                "key": "mql-threshold",
                "reference": reference["mql-threshold"],
                "stage": "mql",
                "grades": ["B1", "A4"],
                "met": False,
                "excluded_because": [],
                "ways": [{"grade": "B1", "fit": 0, "interest": 40}],
                "words": "With 40 interest points more it becomes B1, which qualifies for MQL.",
            }
        ],
        "words": "With 40 interest points more it becomes B1, which qualifies for MQL.",
    }


def positions(version):
    from agreements.selectors import document

    return {clause.key: clause.position for clause in document(version.pk).clauses}


def test_score_of_a_lead_left_out_says_why(now):
    unless = [when("source", "is", "bought")]
    version = scored_by(CHIEF, now=now, gates=[gate("mql-threshold", ["B4"], *unless)])
    lead = lead_under(version, now=now, job_title="chief", source="Bought")

    body = get(lead.pk, now).json()

    assert (body["grade"], body["qualifies"]) == ("B4", False)
    assert body["qualifications"][0]["excluded_because"] == ["source is bought"]
    assert body["words"] == "B4 would qualify for MQL, but it is left out: source is bought."


def test_score_at_the_top_has_no_next_step(now):
    version = scored_by(fit("fit-every", 90), interest("interest-demo", "demo_request", 90), now=now)
    lead = lead_under(version, now=now)
    acts(lead, "demo_request", 1, now=now)

    body = get(lead.pk, now + timedelta(days=900)).json()

    assert (body["grade"], body["next_letter"], body["next_digit"], body["qualifies"]) == (
        "A1",
        None,
        None,
        True,
    )


@pytest.mark.parametrize("is_there", [True, False])
def test_score_of_what_nobody_scores_is_a_problem(now, is_there):
    lead_id = lead_under(None, now=now).pk if is_there else 987_654

    response = get(lead_id, now)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert ("no score" in response.json()["detail"]) == is_there


def test_score_needs_the_scope_to_read_leads(now):
    version = scored_by(CHIEF, now=now)
    lead = lead_under(version, now=now)

    assert get(lead.pk, now, Scope.HANDOFFS_READ).status_code == 403
    assert get(lead.pk, now, Scope.LEADS_READ).status_code == 200
    assert Client().get(f"/api/v1/leads/{lead.pk}/score/").status_code == 401


def test_score_takes_a_fixed_number_of_queries(now, django_assert_max_num_queries):
    version = scored_by(CHIEF, PAGE, now=now)
    lead = lead_under(version, now=now)
    acts(lead, "page_view", 30, now=now)
    user = UserFactory()
    get(lead.pk, now, user=user)

    with django_assert_max_num_queries(12):
        get(lead.pk, now, user=user)


def test_the_example_in_the_documentation_has_the_shape_of_an_answer(now):
    version = scored_by(CHIEF, PAGE, now=now)
    lead = lead_under(version, now=now)

    def shape(value):
        if isinstance(value, dict):
            return {key: shape(each) for key, each in value.items()}
        return [shape(value[0])] if isinstance(value, list) and value else None

    real, example = get(lead.pk, now).json(), EXAMPLE.value
    assert shape(example).keys() == shape(real).keys()
    assert example["rules"][0].keys() == example["rules"][1].keys() == real["rules"][0].keys()
    assert example["qualifications"][0].keys() == real["qualifications"][0].keys()
    assert example["next_letter"].keys() == real["next_letter"].keys()


def test_the_schema_describes_the_score():
    schema = SchemaGenerator().get_schema(request=None, public=True)

    operation = schema["paths"]["/api/v1/leads/{id}/score/"]["get"]
    assert operation["operationId"] == "read_score"
    assert operation["responses"]["200"]["content"]["application/json"]["examples"]
