"""The receipt's page, and the panel on the lead's page."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from scoring.services import rescore
from tests.factories.accounts import UserFactory
from tests.factories.scoring import act, acts, fit, gate, interest, lead_under, scored_by, when

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("alone")]
CHIEF = fit("fit-chief", 64, when("job_title", "contains", "chief"))
STUDENT = fit("fit-student", -50, when("job_title", "contains", "student"))
PAGE = interest("interest-page", "page_view", 10, half_life_days=14, cap=25)
RULES = (CHIEF, STUDENT, PAGE)


@pytest.fixture(autouse=True)
def _clock_stands(now):
    with time_machine.travel(now, tick=False):
        yield


def page(lead_id, user=None, name="scoring:receipt"):
    client = Client()
    client.force_login(user or UserFactory())
    return client.get(reverse(name, args=[lead_id]))


def words(response):
    return " ".join(response.content.decode().split())


def test_receipt_page_shows_the_score_what_is_missing_and_every_rule(now):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now, job_title="chief", first_name="Ada", last_name="King")
    acts(lead, "page_view", 4, now=now, days_ago=7)

    response = page(lead.pk)

    assert response.status_code == 200
    said = words(response)
    assert "Ada King" in said
    assert "With 15 interest points more it becomes B2, which qualifies for MQL." in said
    assert "4 × 10 = 40, halved every 14 days: 28.3 left, at most 25 in all" in said
    assert "job title contains student" in said
    assert "+64" in said
    assert reverse("agreements:version", args=[version.agreement.slug, version.number]) in said


def test_receipt_page_marks_the_cell_of_the_lead_and_those_that_qualify(now):
    version = scored_by(*RULES, now=now, gates=[gate("mql-threshold", ["A1", "B2"])])
    lead = lead_under(version, now=now, job_title="chief")

    said = words(page(lead.pk))

    assert said.count("qualifies for MQL</title>") + said.count('aria-label="qualifies for MQL"') == 2
    assert 'is-here" aria-current="true">B4' in said


def test_receipt_page_of_a_lead_that_nobody_scores_says_so_and_leads_on(now):
    lead = lead_under(None, now=now)

    response = page(lead.pk)

    assert response.status_code == 200
    assert "This lead has no score" in words(response)
    assert reverse("agreements:active") in words(response)


def test_receipt_page_of_no_lead_is_not_there():
    assert page(987_654).status_code == 404


def test_receipt_page_asks_to_log_in(now):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now)

    response = Client().get(reverse("scoring:receipt", args=[lead.pk]))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


def test_receipt_page_escapes_what_others_wrote(now):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now, first_name="<script>alert(1)</script>")

    assert "<script>alert(1)" not in words(page(lead.pk))


def test_lead_page_shows_the_receipt_in_brief(now):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now, job_title="chief")
    act(lead, "page_view", now - timedelta(days=14))
    rescore([lead.pk], now=now, actor=None)

    said = words(page(lead.pk, name="leads:detail"))

    assert 'id="receipt"' in said
    assert reverse("scoring:receipt", args=[lead.pk]) in said
    assert '<dt>interest-page</dt><dd class="num"><bdi dir="ltr">+5</bdi></dd>' in said
    assert "fit-student" not in said


def test_lead_page_of_a_lead_that_nobody_scores_has_no_receipt(now):
    lead = lead_under(None, now=now)

    assert 'id="receipt"' not in words(page(lead.pk, name="leads:detail"))
