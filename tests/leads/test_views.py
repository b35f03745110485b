"""The pages of leads."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoffs.services import NotYourLead, mark_won
from leads import extensions
from leads.extensions import Panel
from leads.forms import editing
from leads.models import Company, Lead, StageChange
from leads.stages import Stage
from tests.factories.accounts import UserFactory
from tests.factories.handoffs import advance_to, urgent_handoff
from tests.factories.leads import (
    ActivityFactory,
    CompanyFactory,
    ExternalRefFactory,
    LeadFactory,
    StageChangeFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia():
    return UserFactory(marketing_manager=True, name="Mia Chen")


@pytest.fixture
def portal(client, mia):
    client.force_login(mia)
    return client


@pytest.fixture
def ada(starter, now, mia):
    company = CompanyFactory(name="Bar AG", domain="bar.de", employees=900)
    return LeadFactory(
        first_name="Ada",
        last_name="King",
        email="ada@bar.de",
        company=company,
        owner=mia,
        agreement=starter.agreement,
        phone="+49 30 1234",
        time_zone="Europe/Berlin",
        attributes={"plan_name": "gold", "tags": ["a", "b"]},
        created_at=now,
    )


def names(response):
    return [lead.first_name for lead in response.context["page"].leads]


# --- The list ---


def test_the_list_shows_leads_with_what_they_are_filtered_by(portal, ada, now):
    LeadFactory(first_name="Ben", stage=Stage.MQL, source="trade_fair", created_at=now - timedelta(days=1))

    response = portal.get("/leads/", {"stage": "mql", "source": "trade_fair", "owner": "nobody"})

    assert names(response) == ["Ben"]
    html = response.content.decode()
    assert "1 lead" in html
    assert [(chip["label"], chip["value"]) for chip in response.context["chips"]] == [
        ("Stage", "MQL"),
        ("Owner", "Nobody"),
        ("Source", "Trade fair"),
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Ada", "Ben"]),
        ("sort=created", ["Ben", "Ada"]),
        ("sort=name", ["Ada", "Ben"]),
        ("sort=-name", ["Ben", "Ada"]),
        ("sort=-active", ["Ben", "Ada"]),
        ("sort=; DROP TABLE", ["Ada", "Ben"]),
        ("owner=me", ["Ada"]),
        ("owner=99999999", []),
        ("owner=9999999999999999999999", ["Ada", "Ben"]),
        ("stage=nonsense", ["Ada", "Ben"]),
        ("q=bar ada", ["Ada"]),
        ("from=2026-11-02", ["Ada"]),
        ("to=2026-11-01", ["Ben"]),
        ("from=yesterday&to=0001-01-01", ["Ada", "Ben"]),
        ("cursor=nonsense", ["Ada", "Ben"]),
        ("company=abc", ["Ada", "Ben"]),
    ],
)
def test_the_address_says_what_the_list_shows(portal, ada, now, query, found):
    ben = LeadFactory(first_name="Ben", last_name="Ruiz", created_at=now - timedelta(days=1))
    Lead.objects.filter(pk=ben.pk).update(last_activity_at=now)

    assert names(portal.get(f"/leads/?{query}")) == found


def test_columns_are_a_choice(portal, ada):
    few = portal.get("/leads/?cols=email&cols=nonsense").content.decode()
    usual = portal.get("/leads/").content.decode()

    assert "ada@bar.de" in few
    assert "ada@bar.de" not in usual.partition("<tbody>")[2]


def test_pages_follow_each_other(portal, monkeypatch, now):
    monkeypatch.setattr("leads.selectors.listing.page_of.__kwdefaults__", {"size": 2})
    for n in range(5):
        LeadFactory(first_name=f"L{n}", created_at=now - timedelta(hours=n))

    first = portal.get("/leads/")
    second = portal.get("/leads/", {"cursor": str(first.context["page"].following)})
    back = portal.get("/leads/", {"cursor": str(second.context["page"].previous)})

    assert (names(first), names(second), names(back)) == (["L0", "L1"], ["L2", "L3"], ["L0", "L1"])
    assert 'rel="next"' in first.content.decode()


def test_htmx_gets_the_list_alone_and_a_clean_address(portal, ada):
    response = portal.get("/leads/?q=&stage=lead&sort=", headers={"HX-Request": "true", "HX-Target": "leads"})

    html = response.content.decode()
    assert "<html" not in html
    assert 'id="lead-choices" hx-swap-oob="true"' in html
    assert response["HX-Push-Url"] == "/leads/?stage=lead"
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in response["Vary"].split(",")}


def test_the_list_says_what_to_do_when_it_is_empty(portal, client, ada):
    assert "Show all leads" in portal.get("/leads/?q=zzz").content.decode()
    Lead.objects.all().delete()
    assert "Import a file" in portal.get("/leads/").content.decode()
    client.force_login(UserFactory(rep=True))
    html = client.get("/leads/").content.decode()
    assert "No leads yet" in html
    assert "Import a file" not in html.partition("<main")[2]


def test_more_than_the_most_is_said_so(portal, monkeypatch):
    monkeypatch.setattr("leads.selectors.listing.MOST_COUNTED", 2)
    monkeypatch.setattr("leads.views.listing.MOST_COUNTED", 2)
    LeadFactory.create_batch(3)

    assert "2+ leads" in portal.get("/leads/").content.decode()


def test_the_list_costs_the_same_number_of_queries_for_one_and_many(portal, starter):
    LeadFactory(agreement=starter.agreement, owner=UserFactory())
    portal.get("/leads/")
    with CaptureQueriesContext(connection) as one:
        portal.get("/leads/?cols=agreement&cols=owner&cols=score&cols=value")
    for _ in range(10):
        LeadFactory(agreement=starter.agreement, owner=UserFactory())
    with CaptureQueriesContext(connection) as many:
        portal.get("/leads/?cols=agreement&cols=owner&cols=score&cols=value")

    assert len(one) == len(many)


def test_a_name_that_is_markup_is_text(portal, starter):
    lead = LeadFactory(
        first_name="<script>alert(1)</script>", attributes={"<b>": "<i>x</i>"}, source='"><img>'
    )

    for path in ("/leads/", f"/leads/{lead.pk}/", f"/leads/{lead.pk}/edit/", "/palette/?q=script"):
        html = portal.get(path).content.decode()
        assert "<script>alert" not in html
        assert "<i>x</i>" not in html
        assert '"><img>' not in html


# --- Export ---


def read(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_export_is_what_the_address_shows_in_its_order(portal, ada, now):
    LeadFactory(first_name="Ben", last_name="Ruiz")
    LeadFactory(first_name="Cy", stage=Stage.SQL)

    response = portal.get("/leads/export.csv?stage=lead&sort=-name")

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    rows = read(response)
    assert [row["first_name"] for row in rows] == ["Ben", "Ada"]
    assert {
        key: rows[1][key] for key in ("email", "company", "company_employees", "phone", "owner", "created_at")
    } == {
        "email": "ada@bar.de",
        "company": "Bar AG",
        "company_employees": "900",
        "phone": "+49 30 1234",
        "owner": ada.owner.email,
        "created_at": "2026-11-02T09:30:00+00:00",
    }


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|x", "'+cmd|x"),
        ("-2", "-2"),
        ("+49 (30) 12-34", "+49 (30) 12-34"),
        ('a "b", c', 'a "b", c'),
    ],
)
def test_the_export_runs_nothing_in_a_spreadsheet(portal, name, cell):
    LeadFactory(first_name=name)

    assert read(portal.get("/leads/export.csv"))[0]["first_name"] == cell


def test_the_export_of_many_is_read_in_pieces(portal):
    LeadFactory.create_batch(30, company=None)
    with CaptureQueriesContext(connection) as queries:
        assert len(read(portal.get("/leads/export.csv"))) == 30

    assert len(queries) < 10


# --- One lead ---


def test_the_page_of_a_lead_tells_who_why_and_what_happened(portal, ada, starter, now):
    ExternalRefFactory(lead=ada, system="crm", external_id="42")
    ActivityFactory(lead=ada, type="demo_request", occurred_at=now)
    StageChangeFactory(
        lead=ada, to_stage="mql", from_stage="lead", version=starter, clause_key="lead", at=now
    )

    response = portal.get(f"/leads/{ada.pk}/")

    html = response.content.decode()
    for words in (
        "Ada King",
        "Bar AG",
        "(900)",
        "Mia Chen",
        "crm",
        "42",
        "Plan name",
        "gold",
        "a, b",
        "Europe/Berlin",
        "Demo request",
        "Lead → MQL",
        "§2.2",
        starter.agreement.name,
        "No other agreement covers it.",
    ):
        assert words in html, words
    assert [line.kind for line in response.context["lines"]] == ["stage", "activity"]


def test_the_page_says_why_another_agreement_covers_the_lead(portal, ada, starter):
    agreement = starter.agreement
    type(agreement).objects.filter(pk=agreement.pk).update(
        is_default=False, covers=[{"field": "company.country", "op": "in", "value": ["DE", "AT"]}]
    )

    assert "Because company country is DE or AT." in portal.get(f"/leads/{ada.pk}/").content.decode()


def test_a_lead_of_whom_hardly_anything_is_known_has_a_page(portal):
    lead = LeadFactory(email=None, first_name="", last_name="", job_title="", company=None, source="")

    response = portal.get(f"/leads/{lead.pk}/")

    assert response.status_code == 200
    assert f"Lead {lead.pk}" in response.content.decode()


def test_panels_of_other_apps_stand_in_their_place_and_order(portal, ada, monkeypatch):
    def panel(words, order, place, shown=True):
        return Panel("leads/_stage_chip.html", lambda *_: {"label": words} if shown else None, order, place)

    monkeypatch.setattr(
        extensions,
        "panels",
        [
            panel("second", 2, "side"),
            panel("first", 1, "side"),
            panel("top", 9, "head"),
            panel("no", 0, "side", False),
        ],
    )
    monkeypatch.setattr("leads.views.detail.panels", extensions.panels)

    html = portal.get(f"/leads/{ada.pk}/").content.decode()

    assert html.index("top") < html.index("first</span>") < html.index("second</span>")
    assert ">no</span>" not in html


def test_the_page_costs_the_same_number_of_queries_whatever_happened(portal, ada, now, starter):
    def happen(times):
        for n in range(times):
            ActivityFactory(lead=ada, occurred_at=now - timedelta(hours=n))
            StageChangeFactory(lead=ada, at=now, actor=UserFactory(), version=starter, clause_key="mql")

    happen(1)
    portal.get(f"/leads/{ada.pk}/")
    with CaptureQueriesContext(connection) as little:
        portal.get(f"/leads/{ada.pk}/")
    happen(15)
    with CaptureQueriesContext(connection) as much:
        portal.get(f"/leads/{ada.pk}/")

    assert len(little) == len(much)


def test_a_lead_that_is_not_there_is_not_found(portal):
    assert portal.get("/leads/999999/").status_code == 404
    assert portal.get("/leads/999999/edit/").status_code == 404


# --- By hand ---

TYPED = {
    "first_name": "Ada",
    "last_name": "King",
    "email": " Ada@Bar.de ",
    "email_consent": "unknown",
    "company_name": "Bar AG",
    "company_country": "de",
}


def test_a_lead_is_added_by_hand_through_the_service(portal, starter, mia):
    response = portal.post("/leads/new/", TYPED)

    lead = Lead.objects.get()
    assert response.url == f"/leads/{lead.pk}/"
    assert (lead.email, lead.company.country, lead.stage, lead.agreement_id) == (
        "ada@bar.de",
        "DE",
        Stage.LEAD,
        starter.agreement_id,
    )
    assert StageChange.objects.values_list("actor", "source").get() == (mia.pk, "person")


def test_adding_somebody_known_is_refused_by_name(portal, ada):
    response = portal.post("/leads/new/", TYPED)

    assert response.context["form"].errors == {"email": ["Ada King has this address already."]}
    ada.refresh_from_db()
    assert ada.company.name == "Bar AG"


def test_everything_wrong_is_said_at_once_and_what_was_typed_stays(portal):
    response = portal.post(
        "/leads/new/",
        {
            **TYPED,
            "email": "nonsense",
            "company_country": "XX",
            "time_zone": "Nowhere",
            "company_domain": "a b",
            "first_name": "Ada",
        },
    )

    assert set(response.context["form"].errors) == {"email", "company_country", "time_zone", "company_domain"}
    assert 'value="nonsense"' in response.content.decode()
    assert not Lead.objects.exists()


def test_what_the_service_refuses_stands_beside_its_field(portal):
    response = portal.post("/leads/new/", {**TYPED, "first_name": "x" * 101})

    assert response.context["form"].errors == {"first_name": ["101 characters; at most 100 fit."]}


def test_no_browser_cuts_the_name_of_a_country_to_another_ones_code(portal):
    page = portal.get("/leads/new/").context["form"]
    assert "maxlength" not in page.fields["company_country"].widget.attrs

    response = portal.post("/leads/new/", {**TYPED, "company_country": "Germany"})
    assert response.context["form"].errors == {
        "company_country": ["Write the country as two letters, like DE (ISO 3166-1)."]
    }


def test_details_of_no_company_are_refused(portal):
    response = portal.post("/leads/new/", {**TYPED, "company_name": ""})

    assert set(response.context["form"].errors) == {"company_name"}


def edited(lead, **changes):
    company = lead.company or Company()
    return {
        "first_name": lead.first_name, "last_name": lead.last_name, "email": lead.email or "", "phone": lead.phone,
        "job_title": lead.job_title, "source": lead.source, "time_zone": lead.time_zone,
        "email_consent": lead.email_consent,
        "company_name": company.name, "company_domain": company.domain or "", "company_industry": company.industry,
        "company_employees": company.employees or "", "company_country": company.country, "owner": lead.owner_id or "",
        **changes,
    }  # fmt: skip


def test_a_lead_is_changed_by_hand_and_nothing_else_is(portal, ada):
    before = Lead.objects.filter(pk=ada.pk).values().get()

    response = portal.post(f"/leads/{ada.pk}/edit/", edited(ada, job_title="CEO", owner="", do_not_call="on"))

    assert response.url == f"/leads/{ada.pk}/"
    after = Lead.objects.filter(pk=ada.pk).values().get()
    assert {key for key in before if before[key] != after[key]} == {
        "job_title",
        "owner_id",
        "do_not_call",
        "updated_at",
    }
    assert (after["job_title"], after["owner_id"], after["do_not_call"]) == ("CEO", None, True)


def test_a_rep_cannot_take_a_lead_that_another_works_and_win_it(client, starter, sales_team, now):
    lead = urgent_handoff(starter, now).lead
    client.force_login(sales_team.omar)

    owner = client.get(f"/leads/{lead.pk}/edit/").context["form"]["owner"]
    assert owner.field.disabled
    assert owner.help_text.endswith("Reassign the handoff instead.")

    lead.refresh_from_db()
    client.post(f"/leads/{lead.pk}/edit/", edited(lead, owner=sales_team.omar.pk, job_title="CEO"))
    lead.refresh_from_db()
    assert (lead.owner, lead.job_title) == (sales_team.mia, "CEO")
    advance_to(lead, Stage.SQL, now=now)
    with pytest.raises(NotYourLead):
        mark_won(lead_id=lead.pk, now=now, actor=sales_team.omar)


def test_who_has_no_owner_may_be_taken_and_then_stays(client, sales_team):
    lead = LeadFactory(email="ada@bar.de")
    client.force_login(sales_team.omar)

    client.post(f"/leads/{lead.pk}/edit/", edited(lead, owner=sales_team.omar.pk))
    lead.refresh_from_db()
    assert lead.owner == sales_team.omar
    owner = client.get(f"/leads/{lead.pk}/edit/").context["form"]["owner"]
    assert (owner.field.disabled, owner.help_text) == (
        True,
        "Only a manager gives a lead that has an owner to somebody else.",
    )


def test_an_owner_who_was_settled_meanwhile_is_said_on_the_next_page(
    client, starter, sales_team, now, monkeypatch
):
    lead = urgent_handoff(starter, now).lead
    monkeypatch.setattr(editing, "why_owner_stays", lambda lead, actor: "")
    client.force_login(sales_team.manager)

    response = client.post(f"/leads/{lead.pk}/edit/", edited(lead, owner=sales_team.omar.pk), follow=True)

    assert [str(each) for each in response.context["messages"]] == [
        "While a handoff is open, the lead belongs to whoever has it. Reassign the handoff instead."
    ]


def test_a_source_is_shown_in_words_and_kept_as_it_is_known(portal, ada):
    Lead.objects.filter(pk=ada.pk).update(source="trade_fair")
    LeadFactory(source="paid_search")
    page = portal.get(f"/leads/{ada.pk}/edit/").content.decode()
    assert 'value="Trade fair"' in page
    assert "trade_fair" not in page

    for typed, kept in (
        ("Trade fair", "trade_fair"),
        ("paid search", "paid_search"),
        ("Word of mouth", "Word of mouth"),
    ):
        portal.post(f"/leads/{ada.pk}/edit/", edited(ada, source=typed))
        ada.refresh_from_db()
        assert ada.source == kept


def test_an_address_may_change_and_be_cleared(portal, ada):
    portal.post(f"/leads/{ada.pk}/edit/", edited(ada, email="king@bar.de"))
    ada.refresh_from_db()
    assert ada.email == "king@bar.de"

    portal.post(f"/leads/{ada.pk}/edit/", edited(ada, email=""))
    ada.refresh_from_db()
    assert ada.email is None


def test_an_address_of_another_lead_is_refused(portal, ada):
    LeadFactory(email="ben@bar.de")

    response = portal.post(f"/leads/{ada.pk}/edit/", edited(ada, email="ben@bar.de"))

    assert "belongs to another lead" in response.context["form"].errors["email"][0]


def test_clearing_the_company_takes_the_lead_out_of_it(portal, ada):
    portal.post(
        f"/leads/{ada.pk}/edit/",
        edited(
            ada,
            company_name="",
            company_domain="",
            company_industry="",
            company_employees="",
            company_country="",
        ),
    )

    ada.refresh_from_db()
    assert ada.company is None
    assert Company.objects.filter(domain="bar.de").exists()


def test_saving_without_a_change_changes_nothing(portal, ada):
    portal.post(f"/leads/{ada.pk}/edit/", edited(ada))

    assert Lead.objects.get(pk=ada.pk).updated_at == ada.updated_at


# --- Who may what ---


def test_who_may_see_and_change(client, ada):
    for path in (
        "/leads/",
        f"/leads/{ada.pk}/",
        "/leads/new/",
        f"/leads/{ada.pk}/edit/",
        "/leads/export.csv",
        "/palette/",
    ):
        assert client.get(path).status_code == 302
    client.force_login(UserFactory(leadership=True))
    assert [
        client.get(path).status_code
        for path in ("/leads/", f"/leads/{ada.pk}/", "/leads/export.csv", "/palette/")
    ] == [200] * 4
    assert [client.get(path).status_code for path in ("/leads/new/", f"/leads/{ada.pk}/edit/")] == [403] * 2
    assert client.post("/leads/new/", TYPED).status_code == 403
    assert "/edit/" not in client.get(f"/leads/{ada.pk}/").content.decode()
    client.force_login(UserFactory(rep=True))
    assert client.get("/leads/new/").status_code == 200


# --- The palette ---


def test_the_palette_finds_leads_pages_and_acts(portal, ada):
    found = portal.get("/palette/", {"q": "ki"}).content.decode()
    assert f"/leads/{ada.pk}/" in found
    assert "Bar AG · Lead" in found

    assert "/settings/imports/" in portal.get("/palette/", {"q": "imp"}).content.decode()
    assert "Nothing is called" in portal.get("/palette/", {"q": "zzzz"}).content.decode()
    everything = portal.get("/palette/").content.decode()
    assert "/leads/new/" in everything
    assert f"/leads/{ada.pk}/" not in everything


def test_the_palette_offers_only_what_one_may(client, ada):
    client.force_login(UserFactory(leadership=True))

    html = client.get("/palette/").content.decode()

    assert "/leads/new/" not in html
    assert "/settings/imports/" not in html
    assert 'href="/leads/"' in html
