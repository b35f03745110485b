"""Several clients at once, on real connections."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from leads.models import Activity, ChangeSource, Company, ExternalRef, Lead, StageChange
from leads.services import (
    CompanyItem,
    EventItem,
    LeadItem,
    LeadKey,
    Move,
    RefItem,
    advance_stages,
    append_activities,
    place_leads,
    upsert,
    upsert_leads,
)
from leads.stages import Stage
from tests.factories.leads import LeadFactory, first_entries_told
from tests.factories.locks import wait_till_somebody_waits_for_us

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.outside]


def at_once(*acts):
    """Run each act in a thread of its own, all starting together; their results."""
    barrier = Barrier(len(acts))

    def run(act):
        try:
            barrier.wait(timeout=10)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return [future.result(timeout=60) for future in [threads.submit(run, act) for act in acts]]


def lead_items(numbers, **values):
    return [
        LeadItem(
            email=f"lead{n}@bar.de",
            external_ref=RefItem("crm", n),
            company=CompanyItem(domain=f"company{n % 7}.de", employees=values.get("employees", n % 7)),
            first_name=values.get("first_name", "Ada"),
        )
        for n in numbers
    ]


@pytest.mark.parametrize("round_", range(3))
def test_clients_that_send_the_same_leads_create_each_once(starter, now, round_):
    forwards, backwards = lead_items(range(200)), lead_items(reversed(range(100, 300)))

    def sync(items):
        return lambda: upsert_leads(items, now=now, actor=None, source=ChangeSource.API)

    outcomes = at_once(sync(forwards), sync(backwards), sync(forwards[::-1]))

    counted = Counter(result.status.value for results in outcomes for result in results)
    assert counted == {"created": 300, "unchanged": 300}
    assert (Lead.objects.count(), ExternalRef.objects.count(), Company.objects.count()) == (300, 300, 7)
    assert StageChange.objects.count() == 300


def test_clients_that_change_the_same_leads_and_companies_in_opposite_order_both_succeed(starter, now):
    upsert_leads(lead_items(range(100)), now=now, actor=None, source=ChangeSource.API)

    def change(numbers, **values):
        items = lead_items(numbers, **values)
        return lambda: upsert_leads(items, now=now, actor=None, source=ChangeSource.API)

    for turn in range(4):
        outcomes = at_once(
            change(range(100), first_name=f"A{turn}", employees=turn * 2 + 100),
            change(reversed(range(100)), first_name=f"B{turn}", employees=turn * 2 + 101),
        )
        assert {result.status.value for results in outcomes for result in results} == {"updated"}

    assert set(Lead.objects.values_list("first_name", flat=True)) <= {"A3", "B3"}


def test_clients_with_news_of_companies_wait_for_the_colleagues_rather_than_lock_each_other_out(
    starter, now, monkeypatch
):
    """Each client sends other leads; what it says of their companies touches the other clients' leads."""
    upsert_leads(lead_items(range(70)), now=now, actor=None, source=ChangeSource.API)
    tries = []
    genuine = upsert._upsert
    monkeypatch.setattr(upsert, "_upsert", lambda *given: tries.append(1) or genuine(*given))

    def sync(client):
        numbers = range(client, 70, 4)
        batches = [
            lead_items(
                numbers[turn::5] if client % 2 else numbers[turn::5][::-1], employees=100 * client + turn
            )
            for turn in range(5)
        ]
        return lambda: [
            upsert_leads(items, now=now, actor=None, source=ChangeSource.API) for items in batches
        ]

    outcomes = at_once(*map(sync, range(1, 5)))

    statuses = {r.status.value for batches in outcomes for results in batches for r in results}
    assert statuses == {"updated"}
    assert len(tries) == 20


def test_clients_that_exchange_addresses_and_external_ids_do_not_lock_each_other_out(starter, now):
    """The one is giving the leads new addresses, the other creates leads with addresses around them."""
    upsert_leads(lead_items(range(0, 60, 2)), now=now, actor=None, source=ChangeSource.API)
    renamed = [
        LeadItem(external_ref=RefItem("crm", n), email=f"new{58 - n:02}@bar.de") for n in range(0, 60, 2)
    ]
    others = [LeadItem(email=f"new{n:02}@bar.de", external_ref=RefItem("web", n)) for n in range(60)]

    outcomes = at_once(
        lambda: upsert_leads(renamed, now=now, actor=None, source=ChangeSource.API),
        lambda: upsert_leads(others, now=now, actor=None, source=ChangeSource.API),
    )

    counted = Counter(result.status.value for results in outcomes for result in results)
    taken_by_other = counted["error"]
    assert taken_by_other in {0, 30}
    assert Lead.objects.count() == (60 if taken_by_other == 0 else 90)
    assert Lead.objects.exclude(email=None).values("email").distinct().count() == Lead.objects.count()


def test_the_same_activities_from_two_clients_are_recorded_once(starter, now):
    upsert_leads(lead_items(range(20)), now=now, actor=None, source=ChangeSource.API)

    def events(numbers):
        items = [
            EventItem(
                lead=LeadKey(email=f"lead{n % 20}@bar.de"), type="visit", occurred_at=now, key=f"web-{n}"
            )
            for n in numbers
        ]
        return lambda: append_activities(items, now=now, actor=None, source=ChangeSource.API)

    outcomes = at_once(events(range(200)), events(reversed(range(200))))

    counted = Counter(result.status.value for results in outcomes for result in results)
    assert counted == {"created": 200, "unchanged": 200}
    assert Activity.objects.count() == 200


def test_two_that_move_a_lead_write_one_change(starter, now):
    upsert_leads(lead_items(range(30)), now=now, actor=None, source=ChangeSource.API)
    ids = list(Lead.objects.values_list("pk", flat=True))
    StageChange.objects.count()

    def move(lead_ids):
        moves = [Move(lead_id, Stage.SQL, starter.pk, "sql") for lead_id in lead_ids]
        return lambda: advance_stages(moves, now=now, actor=None, source=ChangeSource.RULE)

    first, second = at_once(move(ids), move(ids[::-1]))

    assert len(first.changes) + len(second.changes) == 30
    assert StageChange.objects.filter(to_stage=Stage.SQL).count() == 30
    assert first_entries_told()


def test_an_agreement_that_comes_into_force_leaves_alone_who_climbed_in_the_meantime(starter, now):
    """`place_leads` sees a contact, waits for somebody who makes an MQL of it, and must look again."""
    lead = LeadFactory(stage=Stage.CONTACT, email="ada@bar.de")
    placing = Thread(target=lambda: (place_leads(now=now, actor=None), connection.close()))
    with transaction.atomic():
        move = Move(lead.pk, Stage.MQL, None, "")
        advance_stages([move], now=now, actor=None, source=ChangeSource.PERSON)
        placing.start()
        wait_till_somebody_waits_for_us()
    placing.join(timeout=10)

    lead.refresh_from_db()
    assert (lead.stage, lead.agreement_id) == (Stage.MQL, starter.agreement_id)
    assert list(StageChange.objects.values_list("from_stage", "to_stage")) == [("contact", "mql")]
