"""Reads of leads."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.extensions import Fact, timeline_sources
from leads.models import Lead
from leads.selectors.distinct import grades, sources
from leads.selectors.finding import best_matches, search
from leads.selectors.listing import ORDERS, Asked, Cursor, count, every_page, gathered, listed, page_of
from leads.selectors.timeline import LONGEST, in_words, timeline
from leads.stages import Stage
from scoring.models import LeadScore
from tests.factories.accounts import UserFactory
from tests.factories.leads import ActivityFactory, LeadFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(now):
    return [
        LeadFactory(
            first_name="Ada",
            last_name="King",
            email="ada@bar.de",
            company__name="Bar AG",
            company__domain="bar.de",
        ),
        LeadFactory(
            first_name="Ben",
            last_name="Ruiz",
            email="ruiz@foo.com",
            company__name="Foo Ltd",
            company__domain="foo.com",
        ),
        LeadFactory(first_name="Zoë", last_name="Ångström-King", email=None, company=None),
        LeadFactory(first_name="", last_name="", email=None, company=None),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("king", {"Ada", "Zoë"}),
        ("KING ada", {"Ada"}),
        ("ing", {"Ada", "Zoë"}),
        ("ångström", {"Zoë"}),
        ("bar", {"Ada"}),
        ("foo ruiz", {"Ben"}),
        ("foo ada", set()),
        ("ki", {"Ada"}),
        ("in", set()),
        ("b", {"Ada", "Ben"}),
        ("ruiz@foo", {"Ben"}),
        ("%", set()),
        ("_da", set()),
        ("  ", {"Ada", "Ben", "Zoë", ""}),
    ],
)
def test_search_finds_words_in_name_address_and_company(people, text, found):
    assert set(search(Lead.objects.all(), text).values_list("first_name", flat=True)) == found


def test_search_is_answered_by_the_trigram_indexes(people):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = search(Lead.objects.all(), "king").explain()

    assert "lead_search" in plan
    assert "company_search" in plan


def test_best_matches_begin_with_what_was_typed(people):
    LeadFactory(first_name="Vali", last_name="Viking", updated_at=datetime(2030, 1, 1, tzinfo=UTC))

    assert [lead.last_name for lead in best_matches("king")] == ["King", "Viking", "Ångström-King"]
    assert [lead.last_name for lead in best_matches("king", most=1)] == ["King"]


# --- The list ---


def test_a_list_is_narrowed_by_everything_it_is_asked_for(starter, now):
    mia = UserFactory()
    lead = LeadFactory(
        stage=Stage.MQL,
        owner=mia,
        source="webinar",
        agreement=starter.agreement,
        created_at=datetime(2026, 3, 1, 22, 59, tzinfo=UTC),
    )
    LeadScore.objects.create(lead=lead, version_id=starter.pk, grade="A1", scored_at=now)
    LeadFactory()
    berlin = ZoneInfo("Europe/Berlin")

    for asked, finds in [
        (Asked(stage="mql"), True),
        (Asked(stage="sql"), False),
        (Asked(owner=mia.pk), True),
        (Asked(owner="nobody"), False),
        (Asked(source="webinar"), True),
        (Asked(grade="A1"), True),
        (Asked(grade="A"), False),
        (Asked(agreement=starter.agreement.slug), True),
        (Asked(company=lead.company_id), True),
        (Asked(created_from=date(2026, 3, 1), created_to=date(2026, 3, 1), zone=berlin), True),
        (Asked(created_to=date(2026, 2, 28), zone=berlin), False),
        (Asked(created_from=date(2026, 3, 2), created_to=date(2026, 3, 2), zone=berlin), False),
        (Asked(words="king", stage="mql", source="webinar"), True),
    ]:
        assert (lead in listed(asked)) is finds, asked


rows = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.one_of(st.none(), st.integers(0, 2)),
        st.sampled_from(["", "ada", "Ada", "böse", "Zoë", "z'\"\\"]),
    ),
    max_size=9,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, order=st.sampled_from([f"{sign}{name}" for sign in ("", "-") for name in ORDERS]))
def test_pages_show_every_lead_once_in_order_forwards_and_back(now, rows, order):
    Lead.objects.all().delete()
    for created, active, name in rows:
        LeadFactory(
            company=None,
            first_name=name,
            last_name="",
            created_at=now - timedelta(hours=created),
            last_activity_at=None if active is None else now - timedelta(hours=active),
        )
    by = ORDERS[order.lstrip("-")].by
    leads = Lead.objects.annotate(by=by)
    signs = ("-by", "-pk") if order.startswith("-") else ("by", "pk")
    expected = [lead.pk for lead in leads.order_by(*signs)]

    forwards = list(every_page(Lead.objects.all(), order=order, size=2))
    assert [lead.pk for page in forwards for lead in page.leads] == expected
    assert forwards[0].previous is None

    page, seen = forwards[-1], [lead.pk for lead in forwards[-1].leads]
    while page.previous:
        page = page_of(Lead.objects.all(), order=order, cursor=Cursor.parse(str(page.previous)), size=2)
        seen = [lead.pk for lead in page.leads] + seen
    assert seen == expected


@pytest.mark.parametrize(
    "text", ["", "x", "WzFd", "bnVsbA", "WyJ4IiwgMSwgMF0", "é", "WyIyMDI2LTAxLTAxIiwgMSwgMF0"]
)
def test_a_cursor_that_means_nothing_starts_at_the_beginning(people, text):
    page = page_of(Lead.objects.all(), order="-created", cursor=Cursor.parse(text))

    assert len(page.leads) == 4


def test_a_page_costs_the_same_number_of_queries_whatever_its_size(people, django_assert_num_queries):
    for size in (1, 4):
        with django_assert_num_queries(2):
            page = page_of(Lead.objects.all(), order="-created", cursor=None, size=size)
            assert [str(lead.company and lead.company.name) for lead in page.leads]


def test_gathered_leads_are_the_same_leads(people):
    some = search(Lead.objects.all(), "king")

    page = page_of(gathered(some), order="name", cursor=None)

    assert [lead.first_name for lead in page.leads] == ["Ada", "Zoë"]
    assert not gathered(some.none()).exists()


def test_counting_stops_at_the_most(people, monkeypatch):
    monkeypatch.setattr("leads.selectors.listing.MOST_COUNTED", 2)

    assert count(Lead.objects.all()) == 3
    assert count(Lead.objects.filter(first_name="Ada")) == 1


def test_distinct_values_are_found_without_reading_all(starter, now):
    for source in ("b", "a", "b", "", "é", "a"):
        lead = LeadFactory(source=source)
    LeadScore.objects.create(lead=lead, version_id=starter.pk, grade="B2", scored_at=now)

    assert sources() == ["a", "b", "é"]
    assert grades() == ["B2"]


# --- The timeline ---


def test_the_timeline_puts_consequences_after_causes(now, monkeypatch):
    lead = LeadFactory()
    facts = [
        Fact(at=now, kind=kind, title=kind) for kind in ("handoff", "activity", "stage", "score", "new-kind")
    ]
    monkeypatch.setattr("leads.selectors.timeline.timeline_sources", [lambda _: facts])

    assert [fact.kind for fact in timeline(lead.pk)] == ["new-kind", "handoff", "stage", "score", "activity"]


def test_the_timeline_is_bounded_and_costs_the_same_whatever_happened(now, django_assert_max_num_queries):
    lead = LeadFactory()
    timeline(lead.pk)
    for n in range(LONGEST + 20):
        ActivityFactory(lead=lead, occurred_at=now - timedelta(hours=n))

    with django_assert_max_num_queries(20):
        facts = timeline(lead.pk)
    assert len(facts) == LONGEST
    assert facts[0].at == now
    assert timeline_sources


def test_a_machines_act_says_so():
    activity = ActivityFactory(
        type="email_open", human=False, payload={"mail": "Offer", "n": 3, "deep": {}, "empty": ""}
    )

    [fact] = timeline(activity.lead_id)

    assert (fact.title, fact.detail) == (
        "Email open",
        "N: 3 · Mail: Offer · perhaps a machine, so it does not count",
    )


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("demo_request", "Demo request"),
        ("Trade fair", "Trade fair"),
        ("LinkedIn_Ads", "LinkedIn_Ads"),
        ("", ""),
    ],
)
def test_names_for_machines_are_said_in_words(slug, said):
    assert in_words(slug) == said
