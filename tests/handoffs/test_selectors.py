"""The timeline of a lead in the hands of sales, what REST says of it, and the information that must be shared."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agreements.models import Version
from handoffs.models import Breach
from handoffs.selectors.brief import brief_of
from handoffs.selectors.information import missing_information, read_field, say_field
from handoffs.selectors.results import handoff_fields
from handoffs.selectors.timeline import handoff_facts
from handoffs.services import (
    accept_handoff,
    log_attempt,
    reassign_handoffs,
    reject_handoff,
    return_handoff,
    sweep_deadlines,
    waive_breach,
)
from leads.extensions import result_fields, timeline_sources
from scoring.extensions import holds
from tests.factories.handoffs import (
    SalesTeam,
    convert,
    excused_handoff,
    hand_over,
    lead_of,
    qualify_by_score,
    urgent_handoff,
)
from tests.factories.leads import CompanyFactory, LeadFactory

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_registered_with_the_apps_below():
    from handoffs.selectors.cooling import cooling_down

    assert result_fields["handoff"] is handoff_fields
    assert timeline_sources.count(handoff_facts) == 1
    assert holds.count(cooling_down) == 1


def test_timeline_says_what_happened_and_why(starter: Version, sales_team: SalesTeam, now: datetime):
    handoff = urgent_handoff(starter, now, phone="")
    sweep_deadlines(now=now + HOUR + MINUTE)
    reassign_handoffs(
        handoff_ids=[handoff.pk],
        to_user_id=sales_team.lena.pk,
        now=now + 70 * MINUTE,
        actor=sales_team.manager,
    )
    accept_handoff(handoff_id=handoff.pk, now=now + 75 * MINUTE, actor=sales_team.lena)
    log_attempt(
        handoff_id=handoff.pk,
        channel="video",
        outcome="replied",
        note="Likes it",
        now=now + 80 * MINUTE,
        actor=sales_team.lena,
    )
    waive_breach(
        breach_id=Breach.objects.get().pk, reason="Fair", now=now + 90 * MINUTE, actor=sales_team.manager
    )
    return_handoff(
        handoff_id=handoff.pk,
        reason_key="return-not-now",
        note="May",
        now=now + 95 * MINUTE,
        actor=sales_team.lena,
    )
    facts = handoff_facts(handoff.lead_id)
    assert facts == sorted(facts, key=lambda fact: fact.at, reverse=True)
    assert {
        (fact.kind, fact.title, fact.detail, fact.side, fact.actor, fact.clause_key) for fact in facts
    } == {
        ("handoff", "Handed over", "Missing: phone.", "", "", "trigger-demo-request"),
        ("handoff", "Assigned to Mia", "", "", "", ""),
        ("handoff", "Mia was reminded", "", "", "", "response-urgent"),
        ("breach", "Accept: missed", "Due 2 Nov 10:30", "sales", "Mia", "response-urgent"),
        ("handoff", "Reassigned to Lena", "", "sales", "Sara Sales", ""),
        ("handoff", "Accepted", "", "sales", "Lena", ""),
        ("deadline", "Accept: met", "Due 2 Nov 11:40", "sales", "Lena", "response-urgent"),
        ("attempt", "Attempt 1 by video message: replied", "Likes it", "sales", "Lena", ""),
        ("deadline", "First attempt: met", "Due 2 Nov 12:40", "sales", "Lena", "response-urgent"),
        ("breach", "Accept: breach waived", "Fair", "sales", "Sara Sales", "response-urgent"),
        ("handoff", "Returned", "Not now: May", "sales", "Lena", "return-not-now"),
    }
    assert {fact.version_id for fact in facts if fact.clause_key} == {starter.pk}


def test_timeline_takes_a_fixed_number_of_queries(starter: Version, sales_team: SalesTeam, now: datetime):
    def count(lead_id: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            handoff_facts(lead_id)
        return len(queries)

    handoff = urgent_handoff(starter, now)
    once = count(handoff.lead_id)
    for days in range(1, 4):
        at = now + timedelta(days=days)
        accept_handoff(handoff_id=handoff.pk, now=at, actor=sales_team.manager)
        return_handoff(handoff_id=handoff.pk, reason_key="return-not-now", now=at, actor=sales_team.manager)
        [handoff] = hand_over(convert(handoff.lead, at), now=at)
    assert count(handoff.lead_id) == once


def test_result_field_for_many_leads_in_one_query(starter: Version, sales_team: SalesTeam, now: datetime):
    first, second, ended = (urgent_handoff(starter, now) for _ in range(3))
    reject_handoff(handoff_id=ended.pk, reason_key="reject-duplicate", now=now, actor=sales_team.manager)
    with CaptureQueriesContext(connection) as queries:
        fields = handoff_fields([first.lead_id, second.lead_id, ended.lead_id])
    assert len(queries) == 1
    assert fields == {
        handoff.lead_id: {
            "id": str(handoff.pk),
            "state": "offered",
            "owner": handoff.owner and handoff.owner.email,
            "due_at": "2026-11-02T10:30:00Z",
        }
        for handoff in (first, second)
    }


def test_result_field_of_a_waiting_handoff(starter: Version, sales_team: SalesTeam, now: datetime):
    sales_team.only(now=now)
    handoff = urgent_handoff(starter, now)
    assert handoff_fields([handoff.lead_id])[handoff.lead_id] == {
        "id": str(handoff.pk),
        "state": "unassigned",
        "owner": None,
        "due_at": "2026-11-02T11:30:00Z",
    }


def test_result_field_leaves_out_what_was_waived(starter: Version, sales_team: SalesTeam, now: datetime):
    excused, _ = excused_handoff(starter, sales_team, now)
    assert handoff_fields([excused.lead_id])[excused.lead_id]["due_at"] is None


def test_missing_information():
    lead = LeadFactory.build(
        phone="",
        company=CompanyFactory.build(industry="", employees=None),
        attributes={"budget": 5000, "team": ""},
    )
    assert missing_information(
        lead,
        [
            "email",
            "phone",
            "email_consent",
            "company.name",
            "company.industry",
            "company.employees",
            "attributes.budget",
            "attributes.team",
            "attributes.never",
            "shoe_size",
        ],
    ) == [
        "phone",
        "email_consent",
        "company.industry",
        "company.employees",
        "attributes.team",
        "attributes.never",
        "shoe_size",
    ]


def test_information_of_a_lead_without_company_and_e_mail(starter: Version):
    lead = lead_of(starter, company=None, email=None)
    fields = ["company.name", "company.employees", "email_domain"]
    assert missing_information(lead, fields) == fields


def test_fields_are_read_and_said():
    lead = LeadFactory.build(email="ada@bar.example", attributes={"team_size": 5})
    assert [read_field(lead, field) for field in ("email_domain", "attributes.team_size")] == [
        "bar.example",
        5,
    ]
    assert [say_field(field) for field in ("company.name", "attributes.team_size", "shoe_size")] == [
        "company name",
        "team size",
        "shoe size",
    ]


def test_what_marketing_told_reads_as_people_write_it(starter: Version, sales_team: SalesTeam, now: datetime):
    company = CompanyFactory(employees=1802)
    lead = lead_of(starter, company=company, source="paid_search")
    [handoff] = qualify_by_score(lead, now=now)
    told = {line.label: line.value for line in brief_of(handoff, now=now, tz=UTC).told}
    assert (told["company employees"], told["source"]) == ("1,802", "Paid search")
