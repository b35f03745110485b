import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Activity, ChangeSource
from leads.services import ActivityItem, BatchTooLarge, EventItem, LeadKey, append_activities, read_items
from leads.signals import leads_ingested
from tests.factories.leads import ActivityFactory, ExternalRefFactory, LeadFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def append(now):
    def act(*items, **options):
        given = [
            json.dumps({"occurred_at": now.isoformat(), "type": "visit", **item}).encode() for item in items
        ]
        options = {"now": now, "actor": None, "source": ChangeSource.API, **options}
        return append_activities(read_items(given, EventItem), **options)

    return act


@pytest.fixture
def lead(db):
    return LeadFactory(email="ada@bar.de")


def statuses(results):
    return [result.status.value for result in results]


def test_an_activity_is_recorded_for_the_lead_by_any_of_its_keys(append, lead, now):
    ExternalRefFactory(lead=lead, system="crm", external_id="42")
    earlier = now - timedelta(days=2)

    results = append(
        {
            "lead": {"email": "ADA@bar.de"},
            "type": "demo_request",
            "key": "web-1",
            "payload": {"page": "/demo"},
        },
        {"lead": {"id": str(lead.pk)}, "occurred_at": earlier.isoformat(), "source": "crm"},
        {"lead": {"external_ref": {"system": "crm", "id": 42}}},
    )

    assert statuses(results) == ["created"] * 3
    assert {result.lead_id for result in results} == {lead.pk}
    first = Activity.objects.get(key="web-1")
    assert (first.pk, first.type, first.occurred_at, first.recorded_at) == (
        results[0].activity_id,
        "demo_request",
        now,
        now,
    )
    assert (first.source, first.payload, first.human) == ("api", {"page": "/demo"}, True)
    assert Activity.objects.get(source="crm").occurred_at == earlier
    lead.refresh_from_db()
    assert (lead.last_activity_at, lead.updated_at) == (now, now)


def test_an_older_activity_does_not_turn_back_the_last_one(append, lead, now):
    append({"lead": {"email": "ada@bar.de"}})
    append({"lead": {"email": "ada@bar.de"}, "occurred_at": (now - timedelta(days=9)).isoformat()})

    lead.refresh_from_db()
    assert lead.last_activity_at == now


def test_the_same_key_twice_is_unchanged(append, lead):
    item = {"lead": {"email": "ada@bar.de"}, "key": "web-1"}

    first, second = append(item, item)
    [third] = append(item)

    assert statuses([first, second, third]) == ["created", "unchanged", "unchanged"]
    assert first.activity_id == second.activity_id == third.activity_id
    assert Activity.objects.count() == 1


def test_a_key_of_another_lead_is_refused(append, lead):
    other = LeadFactory(email="ben@bar.de")
    append({"lead": {"email": "ada@bar.de"}, "key": "web-1"})

    results = append(
        {"lead": {"email": "ben@bar.de"}, "key": "web-1"},
        {"lead": {"id": other.pk}, "key": "web-2"},
        {"lead": {"id": lead.pk}, "key": "web-2"},
    )

    assert statuses(results) == ["error", "created", "error"]
    assert [result.error.field for result in results if result.error] == ["key", "key"]
    assert str(lead.pk) in results[0].error.reason


@pytest.mark.parametrize(
    ("item", "field", "reason"),
    [
        ({"lead": {"email": "nobody@bar.de"}}, "lead", "no such lead"),
        ({"lead": {"id": "999999999"}}, "lead", "no such lead"),
        ({"lead": {"id": "x"}}, "lead.id", "not the id"),
        ({"lead": {"id": "0"}}, "lead.id", "not the id"),
        ({"lead": {"id": 2**63}}, "lead.id", "not the id"),
        ({"lead": {"id": "0" * 19 + "1" + "9" * 20}}, "lead.id", "not the id"),
        ({"lead": {"email": "x"}}, "lead.email", "not an e-mail"),
        ({"lead": {"email": ""}}, "lead.email", "not an e-mail"),
        ({"lead": {}}, "lead", "one of"),
        ({"lead": {"email": "ada@bar.de", "id": 1}}, "lead", "one of"),
        ({"lead": {"external_ref": {"system": "crm", "id": "none"}}}, "lead", "no such lead"),
        ({"lead": {"name": "Ada"}}, "lead.name", "no such field"),
        ({}, "lead", "required"),
        ({"type": "demo request"}, "type", "letters"),
        ({"type": ""}, "type", "letters"),
        ({"type": "x" * 61}, "type", "at most 60"),
        ({"occurred_at": "2026-11-02T09:36:00Z"}, "occurred_at", "future"),
        ({"occurred_at": "1969-07-20T20:17:00Z"}, "occurred_at", "before 1990"),
        ({"occurred_at": "2026-11-02T09:30:00"}, "occurred_at", "time zone"),
        ({"occurred_at": "yesterday"}, "occurred_at", "RFC3339"),
        ({"key": "x" * 201}, "key", "at most 200"),
        ({"payload": {"a": "\u0000"}}, "payload", "cannot be stored"),
        ({"payload": {"a": "x" * 40_000}}, "payload", "too large"),
        ({"payload": "x"}, "payload", "Expected"),
        ({"human": False}, "human", "no such field"),
    ],
)
def test_an_activity_that_cannot_be_taken_says_so_and_stops_nobody(append, lead, item, field, reason):
    fine = {"lead": {"email": "ada@bar.de"}}
    whose = {} if field.startswith("lead") else fine

    results = append(fine, {**whose, **item}, fine)

    assert statuses(results) == ["created", "error", "created"]
    assert results[1].error.field == field
    assert reason in results[1].error.reason


def test_five_minutes_ahead_is_forgiven(append, lead, now):
    assert statuses(
        append({"lead": {"email": "ada@bar.de"}, "occurred_at": (now + timedelta(minutes=5)).isoformat()})
    ) == ["created"]


def test_the_portal_may_record_what_a_machine_did(now, lead):
    item = ActivityItem(lead=LeadKey(id=lead.pk), type="email_open", occurred_at=now, human=False)

    append_activities([item], now=now, actor=None, source=ChangeSource.RULE)

    assert Activity.objects.get().human is False


def test_the_signal_names_the_new_activities_once(append, lead):
    heard = []

    def hear(lead_ids, activity_ids, **_):
        heard.append((lead_ids, activity_ids))

    leads_ingested.connect(hear)
    try:
        append({"lead": {"email": "ada@bar.de"}, "key": "a"})
        results = append(
            {"lead": {"email": "ada@bar.de"}, "key": "a"}, {"lead": {"email": "ada@bar.de"}, "key": "b"}
        )
        append({"lead": {"email": "ada@bar.de"}, "key": "b"})
    finally:
        leads_ingested.disconnect(hear)

    assert heard[1:] == [([lead.pk], [results[1].activity_id])]


def test_a_dry_run_tells_and_undoes(append, lead):
    assert statuses(append({"lead": {"email": "ada@bar.de"}}, dry_run=True)) == ["created"]
    assert not Activity.objects.exists()


def test_the_number_of_statements_does_not_depend_on_the_batch(append):
    leads = [LeadFactory() for _ in range(50)]
    append({"lead": {"id": leads[0].pk}})
    counts = []
    for size in (1, 500):
        items = [{"lead": {"email": leads[n % 50].email}, "key": f"{size}-{n}"} for n in range(size)]
        with CaptureQueriesContext(connection) as queries:
            append(*items)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_batch_too_large_is_refused_whole(append, lead):
    with pytest.raises(BatchTooLarge):
        append(*[{"lead": {"email": "ada@bar.de"}}] * 5001)


def test_activities_are_append_only_in_the_database(lead):
    activity = ActivityFactory(lead=lead)

    with pytest.raises(Exception, match="append_only"):
        Activity.objects.filter(pk=activity.pk).update(type="other")
