"""From what a client sends to a promise with a clock, in one transaction."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agreements.models import Version
from handoffs.models import Deadline, Handoff
from handoffs.services import accept_handoff, return_handoff
from leads.models import Activity, ChangeSource, Lead
from leads.services import (
    ActivityItem,
    CompanyItem,
    LeadItem,
    LeadKey,
    Move,
    advance_stages,
    append_activities,
    upsert_leads,
)
from leads.stages import Stage
from outbox.models import Notice
from outbox.services import notices
from scoring.services import rescore
from tests.factories.handoffs import SalesTeam, urgent_handoff

pytestmark = pytest.mark.django_db


def upsert(count: int, now: datetime, prefix: str = "lead") -> list[int]:
    """Leads that fit well, of companies of their own."""
    items = [
        LeadItem(
            email=f"{prefix}{number}@bar.example",
            first_name="Ada",
            last_name="King",
            job_title="Chief financial officer",
            phone="+49 30 1",
            source="paid_search",
            company=CompanyItem(name=f"{prefix}{number}", industry="Software", employees=500, country="DE"),
        )
        for number in range(count)
    ]
    results = upsert_leads(items, now=now, actor=None, source=ChangeSource.API)
    return [result.lead_id for result in results if result.lead_id]


def did(lead_ids: list[int], type: str, at: datetime, times: int = 1) -> list[Any]:
    items = [
        ActivityItem(lead=LeadKey(id=str(lead_id)), type=type, occurred_at=at)
        for lead_id in lead_ids
        for _ in range(times)
    ]
    return append_activities(items, now=at, actor=None, source=ChangeSource.API)


def test_a_demo_request_becomes_a_handoff(starter: Version, sales_team: SalesTeam, now: datetime):
    [lead_id] = upsert(1, now)
    did([lead_id], "demo_request", now)
    handoff = Handoff.objects.get(lead=lead_id)
    assert (handoff.trigger_key, handoff.owner, Lead.objects.get().stage) == (
        "trigger-demo-request",
        sales_team.mia,
        Stage.MQL,
    )


def test_a_lead_that_comes_to_qualify_becomes_a_handoff(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    [lead_id] = upsert(1, now)
    assert not Handoff.objects.exists()
    did([lead_id], "trial_start", now)
    did([lead_id], "pricing_view", now, times=2)
    handoff = Handoff.objects.get(lead=lead_id)
    assert (handoff.trigger_key, handoff.lead.stage) == ("trigger-score", Stage.MQL)


def test_a_returned_lead_stays_a_lead_until_it_has_cooled_down(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    """It qualifies all the time; only the hold of its return keeps it from becoming an MQL again."""
    [lead_id] = upsert(1, now)
    did([lead_id], "demo_request", now)
    did([lead_id], "trial_start", now)
    handoff = Handoff.objects.get()
    accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)
    return_handoff(
        handoff_id=handoff.pk, reason_key="return-no-say", now=now, actor=sales_team.mia
    )  # for 30 days

    for days, stage, count in ((0, Stage.LEAD, 1), (29, Stage.LEAD, 1), (31, Stage.MQL, 2)):
        at = now + timedelta(days=days, minutes=1)
        did([lead_id], "trial_start", at)
        rescore([lead_id], now=at, actor=None)
        assert (Lead.objects.get().stage, Handoff.objects.count()) == (stage, count)


def test_the_same_request_again_changes_nothing(starter: Version, sales_team: SalesTeam, now: datetime):
    [lead_id] = upsert(1, now)
    item = ActivityItem(lead=LeadKey(id=str(lead_id)), type="demo_request", occurred_at=now, key="web-1")
    for _ in range(2):
        append_activities([item], now=now, actor=None, source=ChangeSource.API)
    assert Handoff.objects.count() == 1
    assert Notice.objects.filter(user=sales_team.mia).count() == 1


def test_what_fails_in_a_consequence_undoes_the_act(
    starter: Version, sales_team: SalesTeam, now: datetime, monkeypatch: pytest.MonkeyPatch
):
    """Law 1: the activity, the stage, the handoff, its clocks and its notices, or nothing."""
    [lead_id] = upsert(1, now)
    monkeypatch.setattr(notices, "TELL", "SELECT 1 / 0")
    with pytest.raises(Exception, match="division by zero"):
        did([lead_id], "demo_request", now)
    assert not Activity.objects.exists()
    assert not Handoff.objects.exists()
    assert not Deadline.objects.exists()
    assert Lead.objects.get().stage == Stage.LEAD


def test_ingesting_conversions_takes_as_many_statements_for_one_as_for_300(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    def statements(count: int, prefix: str) -> int:
        lead_ids = upsert(count, now, prefix)
        with CaptureQueriesContext(connection) as queries:
            did(lead_ids, "demo_request", now)
        return len([query for query in queries if "SAVEPOINT" not in query["sql"]])

    statements(1, "warm")
    assert statements(1, "one") == statements(300, "many")
    assert Handoff.objects.count() == 302


@pytest.mark.parametrize(("stage", "state"), [(Stage.CUSTOMER, "qualified"), (Stage.LOST, "disqualified")])
def test_a_lead_that_a_crm_moves_on_ends_its_handoff(
    stage: Stage, state: str, starter: Version, sales_team: SalesTeam, now: datetime
):
    handoff = urgent_handoff(starter, now)
    move = Move(handoff.lead_id, stage, None, "", reason="Said the CRM")
    advance_stages([move], now=now, actor=None, source=ChangeSource.API)
    handoff.refresh_from_db()
    assert (handoff.state, handoff.ended_at) == (state, now)
    assert not Deadline.objects.open().exists()


def test_a_waiting_handoff_whose_lead_moves_on_ends_without_an_owner(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    sales_team.only(now=now)
    handoff = urgent_handoff(starter, now)
    move = Move(handoff.lead_id, Stage.CUSTOMER, None, "")
    advance_stages([move], now=now, actor=None, source=ChangeSource.API)
    handoff.refresh_from_db()
    assert (handoff.state, handoff.owner) == ("qualified", None)
