"""Moves along the ladder."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import ChangeSource, Lead, StageChange
from leads.services import CompanyItem, LeadItem, Move, advance_stages, place_leads, upsert_leads
from leads.signals import stages_changed
from leads.stages import Stage
from tests.factories.accounts import UserFactory
from tests.factories.agreements import active_version, starter_content
from tests.factories.leads import CompanyFactory, LeadFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def advance(now, starter):
    def act(*moves, at=now, actor=None, source=ChangeSource.RULE):
        return advance_stages(moves, now=at, actor=actor, source=source)

    return act


@pytest.fixture
def move(starter):
    def make(lead, to_stage, **values):
        return Move(
            **{
                "lead_id": lead.pk,
                "to_stage": to_stage,
                "version_id": starter.pk,
                "clause_key": "mql",
                **values,
            }
        )

    return make


def test_a_move_is_written_with_its_cause(advance, move, starter, now):
    lead = LeadFactory(stage=Stage.LEAD)
    mia = UserFactory()

    result = advance(move(lead, Stage.MQL, clause_key="qualification"), actor=mia)

    [change] = result.changes
    assert result.refused == []
    assert StageChange.objects.values_list(
        "id",
        "lead",
        "from_stage",
        "to_stage",
        "at",
        "recorded_at",
        "source",
        "actor",
        "version",
        "clause_key",
    ).get() == (change.pk, lead.pk, "lead", "mql", now, now, "rule", mia.pk, starter.pk, "qualification")
    lead.refresh_from_db()
    assert (lead.stage, lead.stage_entered_at, lead.updated_at) == (Stage.MQL, now, now)


def test_a_move_again_is_left_alone(advance, move):
    lead = LeadFactory(stage=Stage.LEAD)
    advance(move(lead, Stage.MQL))

    again = advance(move(lead, Stage.MQL), move(lead, Stage.LEAD))

    assert (again.changes, again.refused) == ([], [])
    assert StageChange.objects.count() == 1


def test_a_lead_enters_a_stage_only_if_it_meets_the_definition(advance, move):
    student = LeadFactory(stage=Stage.LEAD, job_title="Student of law")
    manager = LeadFactory(stage=Stage.LEAD, job_title="CFO")

    result = advance(move(student, Stage.MQL), move(manager, Stage.MQL))

    assert [change.lead_id for change in result.changes] == [manager.pk]
    assert [(refused.move.lead_id, refused.reason) for refused in result.refused] == [
        (student.pk, "The lead does not meet what the agreement calls “MQL”.")
    ]
    student.refresh_from_db()
    assert student.stage == Stage.LEAD


def test_without_a_version_nothing_is_asked(advance, move):
    student = LeadFactory(stage=Stage.LEAD, job_title="Student")

    assert advance(move(student, Stage.MQL, version_id=None)).changes


def test_a_lead_goes_back_with_a_reason_only(advance, move, now):
    lead = LeadFactory(stage=Stage.SQL)

    assert advance(move(lead, Stage.LEAD)).changes == []
    [change] = advance(move(lead, Stage.LEAD, reason="No budget this year")).changes

    assert (change.from_stage, change.to_stage, change.reason) == (
        Stage.SQL,
        Stage.LEAD,
        "No budget this year",
    )


def test_refusals_are_in_words(advance, move):
    customer = LeadFactory(stage=Stage.CUSTOMER)
    lost = LeadFactory(stage=Stage.LOST)
    lead = LeadFactory(stage=Stage.LEAD)

    result = advance(
        move(customer, Stage.LEAD, reason="churned"),
        move(lost, Stage.MQL),
        move(lead, Stage.DISQUALIFIED),
        Move(lead_id=999_999, to_stage=Stage.MQL, version_id=None, clause_key=""),
    )

    assert result.changes == []
    assert [refused.reason for refused in result.refused] == [
        "There is no way from “Customer” to “Lead”.",
        "The lead is “Lost”; it comes back with a reason only.",
        "A lead leaves the ladder with a reason only.",
        "There is no such lead.",
    ]


def test_several_moves_of_one_lead_follow_each_other(advance, move, now):
    lead = LeadFactory(stage=Stage.LEAD)
    won_at = now - timedelta(hours=1)

    result = advance(
        move(lead, Stage.MQL),
        move(lead, Stage.CUSTOMER, at=won_at, value=Decimal(900)),
        move(lead, Stage.SQL),
    )

    assert [(change.from_stage, change.to_stage, change.at) for change in result.changes] == [
        ("lead", "mql", now),
        ("mql", "customer", won_at),
    ]
    lead.refresh_from_db()
    assert (lead.stage, lead.stage_entered_at, lead.value) == (Stage.CUSTOMER, won_at, 900)


def test_the_signal_carries_saved_changes(advance, move, now):
    heard = []

    def hear(changes, now, actor, **_):
        heard.append((changes, now, actor))

    stages_changed.connect(hear)
    try:
        result = advance(move(LeadFactory(), Stage.MQL), move(LeadFactory(), Stage.MQL))
        advance(move(LeadFactory(stage=Stage.SQL), Stage.MQL))
    finally:
        stages_changed.disconnect(hear)

    assert heard == [(result.changes, now, None)]
    assert list(StageChange.objects.order_by("id")) == result.changes


def test_the_number_of_statements_does_not_depend_on_the_moves(advance, move):
    leads = [LeadFactory(stage=Stage.LEAD) for _ in range(60)]
    advance(move(leads.pop(), Stage.MQL))
    counts = []
    for some in (leads[:1], leads[1:]):
        with CaptureQueriesContext(connection) as queries:
            advance(*(move(lead, Stage.MQL) for lead in some))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_no_move_is_no_act(advance, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert advance().changes == []


# --- Which agreement ---


@pytest.fixture
def southern(now, starter):
    """A second agreement for Italy and Spain, under which only managers are leads."""
    content = starter_content()
    agreement = {
        **content["agreement"],
        "slug": "south",
        "name": "South",
        "default": False,
        "covers": [{"field": "company.country", "op": "in", "value": ["IT", "ES"]}],
    }
    definitions = [
        {**clause, "criteria": [{"field": "job_title", "op": "contains", "value": "manager"}]}
        if clause["key"] == "lead"
        else clause
        for clause in content["definitions"]
    ]
    return active_version({**content, "agreement": agreement, "definitions": definitions}, now=now)


def test_a_lead_is_under_the_first_agreement_that_covers_it(starter, southern, now):
    items = [
        LeadItem(
            email="a@it.example", job_title="Manager", company=CompanyItem(domain="it.example", country="IT")
        ),
        LeadItem(email="b@it.example", job_title="Clerk", company=CompanyItem(domain="it.example")),
        LeadItem(
            email="c@de.example", job_title="Clerk", company=CompanyItem(domain="de.example", country="DE")
        ),
        LeadItem(email="d@nowhere.example"),
    ]
    upsert_leads(items, now=now, actor=None, source=ChangeSource.API)

    assert list(Lead.objects.order_by("email").values_list("agreement__slug", "stage")) == [
        ("south", Stage.LEAD),
        ("south", Stage.CONTACT),
        (starter.agreement.slug, Stage.LEAD),
        (starter.agreement.slug, Stage.LEAD),
    ]
    cited = StageChange.objects.filter(lead__email="a@it.example").values_list("version", "clause_key").get()
    assert cited == (southern.pk, "lead")


def test_place_leads_puts_everybody_where_they_belong_now(starter, southern, now):
    moved = LeadFactory(
        stage=Stage.CONTACT,
        job_title="Manager",
        company=CompanyFactory(country="ES"),
        agreement=starter.agreement,
    )
    stays = LeadFactory(stage=Stage.MQL, company=CompanyFactory(country="DE"), agreement=starter.agreement)

    assert place_leads(now=now, actor=None) == [moved.pk]
    assert place_leads(now=now, actor=None) == []

    moved.refresh_from_db()
    stays.refresh_from_db()
    assert (moved.agreement_id, moved.stage, moved.updated_at) == (southern.agreement_id, Stage.LEAD, now)
    assert (stays.agreement_id, stays.stage) == (starter.agreement_id, Stage.MQL)
    assert StageChange.objects.values_list("lead", "version", "clause_key").get() == (
        moved.pk,
        southern.pk,
        "lead",
    )


def test_a_version_that_comes_into_force_places_the_leads(now):
    lead = LeadFactory(stage=Stage.CONTACT, agreement=None)

    version = active_version(starter_content(), now=now)

    lead.refresh_from_db()
    assert (lead.agreement_id, lead.stage) == (version.agreement_id, Stage.LEAD)
