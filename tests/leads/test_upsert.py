"""What `upsert_leads` takes, keeps, refuses and says of it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import ChangeSource, Company, ExternalRef, Lead, StageChange
from leads.services import (
    MOST_AT_ONCE,
    BatchTooLarge,
    LeadItem,
    Remark,
    Status,
    SyncItem,
    read_items,
    upsert_leads,
)
from leads.signals import leads_ingested
from leads.stages import Stage
from tests.factories.accounts import UserFactory
from tests.factories.handoffs import convert, hand_over, lead_of, urgent_handoff
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def upsert(now):
    def act(*items, at=now, kind=LeadItem, **options):
        options = {"actor": None, "source": ChangeSource.API, **options}
        return upsert_leads([read(item, kind) for item in items], now=at, **options)

    return act


@pytest.fixture
def ingested():
    """What `leads_ingested` said."""
    heard = []

    def hear(lead_ids, activity_ids, **_):
        heard.append((lead_ids, activity_ids))

    leads_ingested.connect(hear)
    yield heard
    leads_ingested.disconnect(hear)


def read(item, kind):
    if isinstance(item, Remark):
        return item
    [read] = read_items([json.dumps(item).encode() if isinstance(item, dict) else item], kind)
    return read


def statuses(results):
    return [result.status.value for result in results]


def errors(results):
    return [(result.error.field, result.error.reason) for result in results if result.error]


ADA = {
    "external_ref": {"system": "crm", "id": "42"},
    "email": "Ada.King@Bar.de",
    "first_name": "Ada",
    "last_name": "King",
    "job_title": "CFO",
    "phone": "+49 30 1234",
    "company": {
        "name": "Bar AG",
        "domain": "https://www.bar.de/contact",
        "industry": "Banking",
        "employees": 900,
        "country": "de",
    },
    "source": "paid_search",
    "time_zone": "Europe/Berlin",
    "attributes": {"plan": "gold"},
}


# --- Creating, changing, leaving alone ---


def test_upsert_creates_a_lead_with_its_company_and_external_id(upsert, starter, now):
    [result] = upsert(ADA)

    assert (result.status, result.error, result.warnings) == ("created", None, [])
    lead = Lead.objects.select_related("company").get(pk=result.lead_id)
    assert (lead.email, lead.first_name, lead.last_name, lead.job_title) == (
        "ada.king@bar.de",
        "Ada",
        "King",
        "CFO",
    )
    assert (lead.phone, lead.source, lead.time_zone) == ("+49 30 1234", "paid_search", "Europe/Berlin")
    assert (lead.attributes, lead.email_consent, lead.do_not_call) == ({"plan": "gold"}, "unknown", False)
    assert (lead.created_at, lead.updated_at, lead.last_activity_at) == (now, now, None)
    company = lead.company
    assert (company.name, company.domain, company.industry) == ("Bar AG", "bar.de", "Banking")
    assert (company.employees, company.country, company.created_at) == (900, "DE", now)
    assert list(ExternalRef.objects.values_list("lead", "system", "external_id")) == [(lead.pk, "crm", "42")]


def test_upsert_makes_a_lead_of_who_meets_the_definition_and_cites_it(upsert, starter, now):
    came, bought = upsert(
        {"email": "ada@bar.de", "source": "paid_search"}, {"email": "b@c.de", "source": "purchased_list"}
    )

    assert Lead.objects.get(pk=came.lead_id).stage == Stage.LEAD
    assert Lead.objects.get(pk=bought.lead_id).stage == Stage.CONTACT
    changes = StageChange.objects.order_by("lead").values_list(
        "from_stage", "to_stage", "at", "source", "version", "clause_key"
    )
    assert list(changes) == [
        ("", "lead", now, "api", starter.pk, "lead"),
        ("", "contact", now, "api", None, ""),
    ]
    assert set(Lead.objects.values_list("agreement", flat=True)) == {starter.agreement_id}


def test_upsert_makes_a_lead_of_a_contact_once_it_meets_the_definition(upsert, starter, now):
    upsert({"email": "b@c.de", "source": "purchased_list"})
    later = now + timedelta(days=1)

    upsert({"email": "b@c.de", "source": "webinar"}, at=later)

    lead = Lead.objects.get()
    assert (lead.stage, lead.stage_entered_at) == (Stage.LEAD, later)
    assert list(
        StageChange.objects.order_by("id").values_list("from_stage", "to_stage", "at", "clause_key")
    ) == [
        ("", "contact", now, ""),
        ("contact", "lead", later, "lead"),
    ]


def test_upsert_without_any_agreement_keeps_contacts(upsert):
    upsert({"email": "ada@bar.de"})

    assert Lead.objects.values_list("stage", "agreement").get() == (Stage.CONTACT, None)


def test_upsert_of_the_same_again_changes_nothing(upsert, starter, now, ingested):
    first = upsert(ADA, {"email": "ben@foo.com", "company": {"name": "Foo Ltd"}})
    before = list(Lead.objects.order_by("id").values()), list(Company.objects.order_by("id").values())

    again = upsert(ADA, {"email": "ben@foo.com", "company": {"name": "FOO ltd"}}, at=now + timedelta(hours=1))

    assert statuses(again) == ["unchanged", "unchanged"]
    assert [result.lead_id for result in again] == [result.lead_id for result in first]
    assert (
        list(Lead.objects.order_by("id").values()),
        list(Company.objects.order_by("id").values()),
    ) == before
    assert StageChange.objects.count() == 2
    assert len(ingested) == 1


def test_upsert_leaves_alone_what_an_item_leaves_out_and_clears_what_is_null(upsert, now):
    upsert(ADA)
    later = now + timedelta(hours=1)

    [result] = upsert({"email": "ada.king@bar.de", "phone": None, "job_title": "CEO"}, at=later)

    lead = Lead.objects.get()
    assert result.status == "updated"
    assert (lead.first_name, lead.phone, lead.job_title, lead.company_id is None) == ("Ada", "", "CEO", False)
    assert (lead.created_at, lead.updated_at) == (now, later)


def test_upsert_with_null_company_clears_it_and_null_employees_too(upsert):
    upsert(ADA, {"email": "ben@bar.de", "company": {"domain": "bar.de"}})

    upsert(
        {"email": "ada.king@bar.de", "company": None},
        {"email": "ben@bar.de", "company": {"domain": "bar.de", "employees": None}},
    )

    assert list(Lead.objects.order_by("id").values_list("company__domain", flat=True)) == [None, "bar.de"]
    assert Company.objects.get().employees is None


@pytest.mark.parametrize(
    "attributes",
    [
        {"a": 1e29, "b": 1e17, "c": -0.0, "d": 1.5},
        {"a": 10**30 + 1, "b": 10**400},
        {"a": [{"b": None}, True, "x"]},
        {"a": json.loads("[" * 19 + "]" * 19)},
    ],
    ids=["floats", "large", "nested", "deep"],
)
def test_the_same_attributes_again_change_nothing(upsert, attributes):
    item = {"email": "a@b.de", "attributes": attributes}
    assert statuses(upsert(item)) + statuses(upsert(item)) == ["created", "unchanged"]


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (False, 0), ([0], [False]), ({"a": 1}, {"a": True}), (1e29, 10**400)]
)
def test_an_attribute_that_python_alone_takes_for_the_same_is_changed(upsert, before, after):
    upsert({"email": "a@b.de", "attributes": {"x": before}})
    assert statuses(upsert({"email": "a@b.de", "attributes": {"x": after}})) == ["updated"]
    assert repr(Lead.objects.get().attributes["x"]) == repr(after)


def test_attributes_merge_key_by_key_and_null_removes(upsert):
    upsert({"email": "a@b.de", "attributes": {"plan": "gold", "seats": 5, "nested": {"a": 1}}})

    assert statuses(upsert({"email": "a@b.de", "attributes": {"seats": 5}})) == ["unchanged"]
    assert statuses(upsert({"email": "a@b.de", "attributes": {"seats": None, "new": "x"}})) == ["updated"]
    assert Lead.objects.get().attributes == {"plan": "gold", "new": "x", "nested": {"a": 1}}
    assert statuses(upsert({"email": "a@b.de", "attributes": None})) == ["updated"]
    assert Lead.objects.get().attributes == {}


# --- Who is who ---


def test_a_lead_is_matched_by_external_id_first(upsert):
    upsert(ADA)

    [result] = upsert({"external_ref": {"system": "crm", "id": 42}, "email": "ada@new.example"})

    assert result.status == "updated"
    assert Lead.objects.get().email == "ada@new.example"


def test_a_lead_known_by_email_takes_a_new_external_id(upsert):
    upsert({"email": "ada@bar.de"})

    assert statuses(upsert({"external_ref": {"system": "crm", "id": "42"}, "email": "ada@bar.de"})) == [
        "updated"
    ]
    assert statuses(upsert({"external_ref": {"system": "crm", "id": "42"}})) == ["unchanged"]
    assert ExternalRef.objects.get().lead.email == "ada@bar.de"


def test_leads_without_email_are_known_by_external_id_alone(upsert):
    upsert({"external_ref": {"system": "olist", "id": "a"}}, {"external_ref": {"system": "olist", "id": "b"}})

    assert Lead.objects.filter(email=None).count() == 2


def test_an_email_of_another_lead_is_refused_in_words(upsert):
    _, ben = upsert(ADA, {"email": "ben@bar.de"})

    results = upsert(
        {"external_ref": {"system": "crm", "id": "42"}, "email": "BEN@bar.de"},
        {"email": "ben@bar.de", "first_name": "Ben"},
    )

    assert statuses(results) == ["error", "updated"]
    assert errors(results) == [("email", f"This belongs to another lead (id {ben.lead_id}).")]
    assert Lead.objects.order_by("id")[0].email == "ada.king@bar.de"


def test_an_id_is_the_strongest_key(upsert):
    [ada, ben] = upsert(
        {"external_ref": {"system": "crm", "id": "1"}, "email": "ada@bar.de"}, {"email": "ben@bar.de"}
    )

    results = upsert(
        {"id": str(ben.lead_id), "email": "benny@bar.de"},
        {"id": ada.lead_id, "email": None},
        {"id": 999_999_999},
        {"id": str(ben.lead_id), "external_ref": {"system": "crm", "id": "1"}},
        {"id": "7; DROP TABLE"},
    )

    assert statuses(results) == ["updated", "updated", "error", "error", "error"]
    assert [field for field, _ in errors(results)] == ["id", "external_ref", "id"]
    assert list(Lead.objects.order_by("id").values_list("email", flat=True)) == [None, "benny@bar.de"]


def test_an_address_given_up_in_the_batch_is_not_taken_in_it(upsert):
    upsert({"external_ref": {"system": "crm", "id": "1"}, "email": "ada@bar.de"})
    moving = {"external_ref": {"system": "crm", "id": "1"}, "email": "king@bar.de"}

    first = upsert(moving, {"email": "ada@bar.de", "first_name": "Other"})
    second = upsert(moving, {"email": "ada@bar.de", "first_name": "Other"})

    assert statuses(first) == ["updated", "error"]
    assert "send the item again" in errors(first)[0][1]
    assert statuses(second) == ["unchanged", "created"]


def test_of_the_same_lead_twice_in_a_batch_the_later_item_wins(upsert):
    results = upsert(
        {"email": "ada@bar.de", "first_name": "Ada", "phone": "1"},
        {"email": "ADA@bar.de", "first_name": "Augusta", "external_ref": {"system": "crm", "id": "1"}},
        {"external_ref": {"system": "crm", "id": "1"}, "first_name": "Augusta"},
        {"external_ref": {"system": "crm", "id": "1"}, "phone": "2"},
    )

    assert statuses(results) == ["created", "updated", "unchanged", "updated"]
    assert len({result.lead_id for result in results}) == 1
    lead = Lead.objects.get()
    assert (lead.first_name, lead.phone) == ("Augusta", "2")


def test_companies_are_known_by_domain_else_by_name(upsert):
    upsert(
        {"email": "a@bar.de", "company": {"name": "Bar", "domain": "bar.de"}},
        {"email": "b@bar.de", "company": {"name": "Bar AG", "domain": "WWW.BAR.DE"}},
        {"email": "c@bar.de", "company": {"name": "Bar AG"}},
        {"email": "d@bar.de", "company": {"name": "BAR ag"}},
        {"email": "e@bar.de", "company": {"domain": "only.example"}},
    )

    assert list(Company.objects.order_by("id").values_list("name", "domain")) == [
        ("Bar AG", "bar.de"),
        ("Bar AG", None),
        ("only.example", "only.example"),
    ]
    by_email = Lead.objects.order_by("email").values_list("company__domain", flat=True)
    assert list(by_email) == ["bar.de", "bar.de", None, None, "only.example"]


def test_a_company_named_without_its_domain_stays_the_one_it_is(upsert, starter):
    """Many files know companies by name alone: that moves nobody to a second, empty one of the same name."""
    full = {"name": "Bar AG", "domain": "bar.de", "employees": 250}
    upsert({"email": "ada@bar.de", "company": full})

    [again] = upsert({"email": "ada@bar.de", "phone": "+49 30 1", "company": {"name": "bar ag"}})
    [richer] = upsert({"email": "ada@bar.de", "company": {"name": "Bar AG", "employees": 900}})

    assert (again.status, again.warnings) == ("updated", [])
    assert (richer.status, [each.field for each in richer.warnings]) == ("unchanged", ["company"])
    assert Company.objects.values_list("name", "domain", "employees").get() == ("Bar AG", "bar.de", 250)
    [moved] = upsert({"email": "ada@bar.de", "company": {"name": "Foo Ltd"}})
    assert (moved.status, Lead.objects.get().company.name) == ("updated", "Foo Ltd")


def test_names_that_only_postgresql_finds_alike_are_one_company(upsert):
    upsert(
        {"email": "a@b.gr", "company": {"name": "ΑΛΦΑΣ"}}, {"email": "b@b.gr", "company": {"name": "Αλφασ"}}
    )
    upsert({"email": "c@b.gr", "company": {"name": "αλφας"}})

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT lower(name)) FROM leads_company")
        assert cursor.fetchone() == (Company.objects.count(),)


def test_news_of_a_company_are_news_of_all_its_leads(upsert, starter, ingested):
    ada, ben, _ = upsert(
        {"email": "ada@bar.de", "company": {"domain": "bar.de", "employees": 5}},
        {"email": "ben@bar.de", "company": {"domain": "bar.de"}},
        {"email": "eve@foo.de", "company": {"domain": "foo.de"}},
    )

    [result] = upsert({"email": "ada@bar.de", "company": {"domain": "bar.de", "employees": 500}})

    assert result.status == "updated"
    assert ingested[-1] == ([ada.lead_id, ben.lead_id], [])


# --- What is refused ---

LONG = "x" * 400


@pytest.mark.parametrize(
    ("item", "field", "reason"),
    [
        ({"email": "ada@"}, "email", "not an e-mail"),
        ({"email": "a..b@bar.de"}, "email", "not an e-mail"),
        ({"email": f"{LONG}@bar.de"}, "email", "at most 254"),
        ({"email": "a\u0000@bar.de"}, "email", "cannot be stored"),
        ({"email": 5}, "email", "Expected"),
        ({"email": ""}, "email", "to know the lead by"),
        ({}, "email", "to know the lead by"),
        ({"external_ref": {"system": "", "id": "1"}}, "external_ref", "has a system"),
        ({"external_ref": {"system": "crm"}}, "external_ref.id", "required"),
        ({"external_ref": {"system": "x" * 61, "id": "1"}}, "external_ref.system", "at most 60"),
        ({"external_ref": {"system": "crm", "id": LONG}}, "external_ref.id", "at most 200"),
        ({"first_name": LONG}, "first_name", "400 characters; at most 100"),
        ({"first_name": "a\u0000b"}, "first_name", "cannot be stored"),
        ({"time_zone": "Berlin"}, "time_zone", "Europe/Berlin"),
        ({"time_zone": "localtime"}, "time_zone", "Europe/Berlin"),
        ({"company": {"employees": 3}}, "company", "domain or its name"),
        ({"company": {"name": "B", "country": "Germany"}}, "company.country", "two letters"),
        ({"company": {"name": "B", "country": "XX"}}, "company.country", "two letters"),
        ({"company": {"name": "B", "country": "ß"}}, "company.country", "two letters"),
        ({"company": {"name": "B", "employees": -1}}, "company.employees", "number of people"),
        ({"company": {"name": "B", "employees": 10**30}}, "company.employees", "number of people"),
        ({"company": {"name": "B", "employees": "many"}}, "company.employees", "Expected"),
        ({"company": {"domain": "not a domain"}}, "company.domain", "bar.de"),
        ({"company": {"domain": "b", "ceo": "Eve"}}, "company.ceo", "no such field"),
        ({"shoe_size": 9}, "shoe_size", "no such field"),
        ({"email_consent": "maybe"}, "email_consent", "maybe"),
        ({"attributes": []}, "attributes", "Expected"),
        ({"attributes": {"a": {"b": ["\u0000"]}}}, "attributes", "cannot be stored"),
        ({"attributes": {"a": "x" * 40_000}}, "attributes", "too large"),
        ({"attributes": {"a": json.loads("[" * 20 + "]" * 20)}}, "attributes", "nested too deep"),
        ({"owner": "nobody@example.com"}, "owner", "nobody@example.com"),
        ({"value": "-1"}, "value", "amount of money"),
        ({"value": "1e20"}, "value", "amount of money"),
        ({"created_at": "2027-01-01T00:00:00Z"}, "created_at", "future"),
        ({"created_at": "1970-01-01T00:00:00Z"}, "created_at", "before 1990"),
        ({"created_at": "2026-01-01T00:00:00"}, "created_at", "time zone"),
        ({"won_at": "2026-01-01T00:00:00Z", "lost_at": "2026-01-01T00:00:00Z"}, "lost_at", "not both"),
    ],
)
def test_an_item_that_cannot_be_taken_says_so_and_stops_nobody(upsert, item, field, reason):
    known_by = {} if field in {"email", "external_ref"} or "email" in item else {"email": "ada@bar.de"}

    results = upsert({"email": "ben@foo.com"}, {**known_by, **item}, {"email": "eve@foo.com"})

    assert statuses(results) == ["created", "error", "created"]
    [(found, words)] = errors(results)
    assert found == field
    assert reason in words


@pytest.mark.parametrize("raw", [b"[1]", b"null", b'{"email": "\xff"}', b'{"a":' * 3000 + b"1" + b"}" * 3000])
def test_an_item_that_is_no_object_says_so(upsert, raw):
    [result] = upsert(raw)

    assert result.error is not None
    assert not Lead.objects.exists()


def test_half_a_surrogate_pair_is_refused_where_a_caller_made_the_item_himself(upsert):
    results = upsert_leads(
        [
            LeadItem(email="a@b.de", first_name="\ud800"),
            LeadItem(email="a@b.de", attributes={"a": "\ud800"}),
            LeadItem(email="a@b.de", attributes={"a": object()}),
        ],
        now=datetime(2026, 11, 2, tzinfo=UTC),
        actor=None,
        source=ChangeSource.IMPORT,
    )

    assert statuses(results) == ["error"] * 3


def test_a_remark_among_the_items_stays_in_its_place(upsert):
    results = upsert(Remark("email", "Line 7 has no e-mail."), {"email": "ada@bar.de"})

    assert [(result.index, result.status) for result in results] == [(0, "error"), (1, "created")]
    assert errors(results) == [("email", "Line 7 has no e-mail.")]


def test_a_rest_client_may_not_write_history(upsert):
    results = upsert({"email": "ada@bar.de", "won_at": "2026-01-01T00:00:00Z"}, kind=SyncItem)

    assert errors(results) == [("won_at", "There is no such field.")]


def test_a_refused_item_leaves_no_company_behind(upsert):
    upsert({"email": "ada@bar.de"}, {"email": "ben@bar.de", "external_ref": {"system": "crm", "id": "1"}})

    upsert(
        {
            "email": "ada@bar.de",
            "external_ref": {"system": "crm", "id": "1"},
            "company": {"domain": "new.example"},
        }
    )

    assert not Company.objects.exists()


def test_a_batch_too_large_is_refused_whole(upsert):
    with pytest.raises(BatchTooLarge):
        upsert(*[{"email": "ada@bar.de"}] * (MOST_AT_ONCE + 1))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Ada@BAR.de ", "ada@bar.de"),
        ("o'brien+x@sub.bar.de", "o'brien+x@sub.bar.de"),
        ("info@Müller.de", "info@xn--mller-kva.de"),
    ],
)
def test_addresses_are_kept_in_one_spelling(upsert, given, kept):
    upsert({"email": given})

    assert Lead.objects.get().email == kept
    assert statuses(upsert({"email": kept})) == ["unchanged"]


# --- Many at once ---


def batch(size, start=0):
    return [
        {
            **ADA,
            "external_ref": {"system": "crm", "id": str(n)},
            "email": f"lead{n}@bar.de",
            "company": {"domain": f"c{n}.de", "employees": n},
        }
        for n in range(start, start + size)
    ]


def test_the_number_of_statements_does_not_depend_on_the_batch(upsert, starter):
    upsert(*batch(1, start=10_000))  # fills what a process reads once
    counts = []
    for size in (1, 500):
        with CaptureQueriesContext(
            connection,
        ) as creating:
            upsert(*batch(size, start=size * 1000))
        changing = batch(size, start=size * 1000)
        for item in changing:
            item["job_title"] = "CEO"
            item["company"]["employees"] += 1
        with CaptureQueriesContext(connection) as updating:
            assert set(statuses(upsert(*changing))) == {"updated"}
        with CaptureQueriesContext(connection) as repeating:
            assert "created" not in statuses(upsert(*batch(size, start=size * 1000)))
        counts.append((len(creating), len(updating), len(repeating)))

    assert counts[0] == counts[1]


def test_a_dry_run_tells_and_undoes(upsert, starter):
    upsert({"email": "ben@foo.com"})

    results = upsert(ADA, {"email": "ben@foo.com", "first_name": "Ben"}, {"email": "x"}, dry_run=True)

    assert statuses(results) == ["created", "updated", "error"]
    assert list(Lead.objects.values_list("email", "first_name")) == [("ben@foo.com", "")]
    assert not Company.objects.exists()


def test_a_failing_receiver_undoes_the_act(upsert):
    def fail(**_):
        raise RuntimeError

    leads_ingested.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            upsert(ADA)
    finally:
        leads_ingested.disconnect(fail)

    assert not Lead.objects.exists()
    assert not Company.objects.exists()


def test_the_signal_is_sent_once_with_what_was_created_or_changed(upsert, ingested):
    same = LeadFactory(email="same@bar.de", first_name="Same")
    other = LeadFactory(email="other@bar.de")

    results = upsert(
        {"email": "same@bar.de", "first_name": "Same"},
        {"email": "new@bar.de"},
        {"email": "other@bar.de", "phone": "9"},
    )

    assert statuses(results) == ["unchanged", "created", "updated"]
    assert ingested == [(sorted([other.pk, results[1].lead_id]), [])]
    assert same.pk not in ingested[0][0]


def test_the_owner_is_found_by_address_and_cleared_by_null(upsert):
    mia = UserFactory(email="mia@example.com")
    upsert({"email": "ada@bar.de", "owner": "Mia@example.com", "value": "1234.5"})
    assert Lead.objects.values_list("owner", "value").get() == (mia.pk, 1234.5)

    upsert({"email": "ada@bar.de", "owner": None, "value": None})

    assert Lead.objects.values_list("owner", "value").get() == (None, None)


HELD = "While a handoff is open, the lead belongs to whoever has it. Reassign the handoff instead."
TAKEN = "Only a manager gives a lead that has an owner to somebody else."


@pytest.mark.parametrize("owner", ["omar@example.com", None])
@pytest.mark.parametrize("who", ["manager", "omar", "mia", None])
def test_while_a_handoff_is_open_the_owner_follows_it_for_everybody(
    upsert, starter, sales_team, now, owner, who
):
    handoff = urgent_handoff(starter, now, email="ada@bar.de")
    assert handoff.owner == sales_team.mia

    [result] = upsert(
        {"email": "ada@bar.de", "owner": owner, "job_title": "CEO"}, actor=who and getattr(sales_team, who)
    )

    assert (result.status, result.warnings) == (Status.UPDATED, [Remark("owner", HELD)])
    assert Lead.objects.values_list("owner__name", "job_title").get() == ("Mia", "CEO")


def test_the_owner_who_has_the_handoff_may_be_named(upsert, starter, sales_team, now):
    urgent_handoff(starter, now, email="ada@bar.de")

    [result] = upsert({"email": "ada@bar.de", "owner": "mia@example.com"})

    assert (result.status, result.warnings) == (Status.UNCHANGED, [])


def test_what_waits_for_an_owner_is_not_taken_past_its_pool(upsert, starter, sales_team, now):
    sales_team.only(now=now)
    urgent_handoff(starter, now, email="ada@bar.de")

    [result] = upsert({"email": "ada@bar.de", "owner": "omar@example.com"}, actor=sales_team.omar)

    assert result.warnings == [Remark("owner", HELD)]
    assert Lead.objects.get().owner is None


@pytest.mark.parametrize(
    ("who", "before", "warnings"),
    [
        ("omar", "mia", [TAKEN]),
        ("omar", None, []),
        ("manager", "mia", []),
        ("marketing", "mia", []),
        (None, "mia", []),
    ],
)
def test_a_rep_takes_what_nobody_has_and_nothing_of_anothers(upsert, sales_team, who, before, warnings):
    lead = LeadFactory(email="ada@bar.de", owner=before and getattr(sales_team, before))

    [result] = upsert(
        {"email": "ada@bar.de", "owner": "omar@example.com"}, actor=who and getattr(sales_team, who)
    )

    lead.refresh_from_db()
    assert [warning.reason for warning in result.warnings] == warnings
    assert lead.owner.name == ("Mia" if warnings else "Omar")


def test_whose_leads_are_is_asked_once_a_batch_and_only_where_an_owner_is_named(
    upsert, starter, sales_team, now
):
    hand_over(*(convert(lead_of(starter, email=f"lead{n}@bar.de"), now) for n in range(9)), now=now)

    def asked(*items):
        with CaptureQueriesContext(connection) as queries:
            upsert(*items)
        return sum('FROM "handoffs_handoff"' in query["sql"] for query in queries)

    def named(count, **fields):
        return [{"email": f"lead{n}@bar.de", **fields} for n in range(count)]

    assert [asked(*named(count)) for count in (1, 9)] == [0, 0]
    assert [asked(*named(count, owner="omar@example.com")) for count in (1, 9)] == [1, 1]
