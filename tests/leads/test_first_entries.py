"""When a lead first reached each stage: told by its stage changes, and kept on the lead by every act that writes them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.db import connection

from leads.models import ChangeSource, Lead
from leads.services import LeadItem, Move, RefItem, advance_stages, place_leads, upsert_leads
from leads.stages import FIRST_ENTRIES, Stage
from tests.factories.leads import LeadFactory, StageChangeFactory, first_entries_told

pytestmark = pytest.mark.django_db

JAN, FEB, MAR, APR = (datetime(2026, month, 5, tzinfo=UTC) for month in (1, 2, 3, 4))


def first_entries():
    return Lead.objects.values_list(*FIRST_ENTRIES).get()


def enter(lead, stage, at, reason=""):
    move = Move(lead.pk, stage, None, "", reason=reason, at=at)
    advance_stages([move], now=at, actor=None, source=ChangeSource.PERSON)


def upsert(now, **values):
    item = LeadItem(external_ref=RefItem("crm", "1"), **values)
    upsert_leads([item], now=now, actor=None, source=ChangeSource.IMPORT)


def test_climbing_tells_each_rung_and_those_left_out(now):
    lead = LeadFactory(stage=Stage.CONTACT)
    enter(lead, Stage.MQL, FEB)
    enter(lead, Stage.CUSTOMER, APR)
    assert first_entries() == (FEB, FEB, APR, APR)


def test_coming_back_does_not_count_again(now):
    lead = LeadFactory(stage=Stage.LEAD, became_lead_at=JAN)
    enter(lead, Stage.MQL, FEB)
    enter(lead, Stage.LEAD, MAR, reason="Sent back.")
    enter(lead, Stage.MQL, APR)
    assert first_entries() == (JAN, FEB, None, None)


def test_a_win_that_is_taken_back_was_none(now):
    lead = LeadFactory(stage=Stage.LEAD, became_lead_at=JAN)
    enter(lead, Stage.OPPORTUNITY, FEB)
    enter(lead, Stage.CUSTOMER, MAR)
    enter(lead, Stage.OPPORTUNITY, MAR, reason="The wrong lead.")
    assert first_entries() == (JAN, None, FEB, None)
    enter(lead, Stage.CUSTOMER, APR)
    assert first_entries() == (JAN, None, FEB, APR)


def test_who_is_disqualified_from_the_first_step_was_no_lead(now):
    lead = LeadFactory(stage=Stage.CONTACT)
    enter(lead, Stage.DISQUALIFIED, FEB, reason="A student.")
    assert first_entries() == (None, None, None, None)


@pytest.mark.parametrize(("source", "became_lead"), [("webinar", True), ("purchased_list", False)])
def test_coming_in_as_a_lead_is_an_entry_and_as_a_contact_none(starter, now, source, became_lead):
    upsert(now, email="ada@bar.de", source=source)
    assert first_entries() == (now if became_lead else None, None, None, None)
    assert first_entries_told()


def test_a_contact_that_comes_to_us_becomes_a_lead_then(starter, now):
    upsert(now, email="ada@bar.de", source="purchased_list")
    upsert(now + timedelta(days=1), source="webinar")
    upsert(now + timedelta(days=2), first_name="Ida")
    assert first_entries() == (now + timedelta(days=1), None, None, None)
    assert first_entries_told()


def test_a_file_brings_an_earlier_past(starter, now):
    upsert(now, email="ada@bar.de", created_at=MAR, won_at=APR)
    assert first_entries() == (MAR, None, APR, APR)
    upsert(now, mql_at=FEB)
    assert first_entries() == (FEB, FEB, APR, APR)
    assert first_entries_told()


def test_an_agreement_that_comes_into_force_makes_leads_of_contacts(starter, now):
    lead = LeadFactory(stage=Stage.CONTACT, email="ada@bar.de", created_at=JAN)
    place_leads(now=now, actor=None)
    lead.refresh_from_db()
    assert (lead.stage, first_entries()) == (Stage.LEAD, (now, None, None, None))
    assert first_entries_told()


def test_leads_of_before_learn_it_from_their_stage_changes(now):
    for to_stage, at in ((Stage.LEAD, FEB), (Stage.MQL, JAN), (Stage.MQL, MAR), (Stage.OPPORTUNITY, APR)):
        StageChangeFactory(lead=Lead.objects.first() or LeadFactory(), to_stage=to_stage, at=at)
    Lead.objects.update(**dict.fromkeys(FIRST_ENTRIES))

    with connection.schema_editor() as editor:
        import_module("leads.migrations.0009_first_entries_filled").fill(None, editor)

    assert first_entries() == (JAN, JAN, APR, None)


def test_wins_of_before_learn_their_worth_from_their_stage_changes(now):
    lead = LeadFactory(stage=Stage.CUSTOMER, value=Decimal(25_000))
    StageChangeFactory(lead=lead, to_stage=Stage.CUSTOMER, at=APR, value=Decimal(10_000))
    Lead.objects.update(won_value=None)

    with connection.schema_editor() as editor:
        import_module("leads.migrations.0011_won_value").fill(None, editor)

    assert Lead.objects.get().won_value == 10_000


def test_a_win_that_was_taken_back_may_be_told_by_a_file_again(starter, now):
    upsert(now, email="ada@bar.de", created_at=JAN, sql_at=FEB)
    lead = Lead.objects.get()
    enter(lead, Stage.CUSTOMER, MAR)
    enter(lead, Stage.SQL, MAR + timedelta(hours=1), reason="A mistake.")
    upsert(now, won_at=APR, value=Decimal(900))
    lead.refresh_from_db()
    assert (lead.stage, lead.became_customer_at, lead.won_value) == (Stage.CUSTOMER, APR, 900)
