"""The agreement's pages."""

import copy
import re
from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from agreements.document import read_document
from agreements.models import Goal
from agreements.presentation import Item, Run, chapters_of, hours_of
from agreements.selectors import clause_index, current_revision, document
from agreements.services import draft_from, propose_version, revise_calendar, sign_version, withdraw_version
from tests.factories.accounts import UserFactory
from tests.factories.agreements import active_version, signers, starter_content

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client):
    client.force_login(UserFactory(rep=True))
    return client


def text_of(response):
    """What the page says, without its tags."""
    html = re.sub(r"<(script|style|svg)\b.*?</\1>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_every_clause_stands_once_under_its_number_and_anchor(reader, starter):
    html = reader.get(starter.get_absolute_url()).content.decode()
    refs = clause_index(starter.pk)
    for key, ref in refs.items():
        assert html.count(f'id="{key}"') == 1, key
        assert re.search(rf'<a class="clause-number" href="#{key}">§{re.escape(ref.reference)}</a>', html), (
            key
        )
    assert len(re.findall(r'class="clause-number"', html)) == len(refs)


def test_every_clause_says_its_words(reader, starter):
    said = text_of(reader.get(starter.get_absolute_url())).replace(" .", ".").replace(" ,", ",")
    for key, ref in clause_index(starter.pk).items():
        assert ref.words.replace("\N{NO-BREAK SPACE}", " ") in said.replace("&amp;", "&"), key


def test_page_tells_state_signatures_hash_and_hours(reader, starter):
    said = text_of(reader.get(starter.get_absolute_url()))
    for words in (
        "In force since 2 November 2026",
        "Mona Marketing",
        "Sami Sales",
        starter.content_hash,
        "Mon–Fri 09:00–17:30",
        "closed on public holidays of DE-BE",
    ):
        assert words in said


def test_page_shows_the_funnel_line_by_line(reader, starter):
    said = text_of(reader.get(starter.get_absolute_url()))
    for line in (
        "Deals ÷ EUR 20,000 a deal 10",
        "SQLs ÷ 25% become customers 40",
        "MQLs ÷ 40% become SQLs 100",
        "Leads ÷ 20% become MQLs 500",
        "Visitors ÷ 2.5% become leads 20,000",
        "Hours needed 100 MQLs × 1.5 h 150",
        "Hours there are 4 reps × 40 h 160",
        "Feasible, with 10 hours to spare.",
    ):
        assert line in said.replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")


def test_plan_without_the_hours_says_how_many_are_missing(reader, now):
    content = copy.deepcopy(starter_content())
    content["goals"][3]["reps"] = 3
    version = active_version(content, now=now)
    assert "Not feasible: 30 hours are missing." in text_of(reader.get(version.get_absolute_url()))


def test_matrix_marks_the_qualifying_cells_in_words(reader, starter):
    html = reader.get(starter.get_absolute_url()).content.decode()
    cells = re.findall(r'<span class="matrix-cell([^"]*)">\s*(\w\d)(.*?)</td>', html, flags=re.DOTALL)
    assert [cell for _, cell, _ in cells] == [row + column for row in "ABCD" for column in "1234"]
    marked = {cell for css, cell, rest in cells if "is-marked" in css and "MQL" in rest}
    assert marked == {"A1", "A2", "A3", "B1", "B2", "C1"}
    assert not any("MQL" in rest for css, _, rest in cells if "is-marked" not in css)


def test_clause_named_in_words_is_a_link_and_nothing_else_is_markup(starter, now):
    draft = draft_from(version=starter, now=now, actor=None)
    Goal.objects.filter(version=draft, key="goal-mqls").update(words="<b>{target}</b> & {§lead} {owner}")
    Goal.objects.filter(version=draft, key="goal-mqls").update(owner="<i>Mia</i>")
    read = read_document(draft)
    assert Item(read.by_key["goal-mqls"], read).text == (
        '&lt;b&gt;300&lt;/b&gt; &amp; <a href="#lead">“Lead” (§2.2)</a> &lt;i&gt;Mia&lt;/i&gt;'
    )


def test_page_costs_the_same_however_long_the_document_is(reader, starter, now, django_assert_num_queries):
    content = copy.deepcopy(starter_content()) | {
        "agreement": {"slug": "short", "name": "Short"},
        "qualification": [],
        "kpis": [],
    }
    short = active_version(content, now=now)
    for version in (starter, short):
        document(version.pk)
        reader.get(version.get_absolute_url())
        with django_assert_num_queries(7):
            reader.get(version.get_absolute_url())


@pytest.mark.parametrize("trait", ["admin", "marketing_manager", "sales_manager", "rep", "leadership"])
def test_everybody_who_logs_in_reads_the_agreement(client, starter, trait):
    client.force_login(UserFactory(**{trait: True}))
    response = client.get("/agreement/")
    assert (response.status_code, response["Location"]) == (302, starter.get_absolute_url())
    assert client.get(starter.get_absolute_url()).status_code == 200


def test_nobody_else_does(client, starter):
    for url in ("/agreement/", starter.get_absolute_url()):
        assert client.get(url)["Location"].startswith("/login/")


def test_without_an_agreement_the_page_says_how_to_load_one(reader, db):
    said = text_of(reader.get("/agreement/"))
    assert "No agreement is in force" in said
    assert "load_agreement starter --marketing EMAIL --sales EMAIL" in said


def test_version_that_is_not_there_is_not_found(reader, starter):
    for url in ("/agreement/marketing-and-sales/v2/", "/agreement/other/v1/"):
        assert reader.get(url).status_code == 404


def test_page_says_what_is_not_in_force(reader, starter, now):
    draft = draft_from(version=starter, now=now, actor=None)
    assert "Draft : not in force, and still changing" in text_of(reader.get(draft.get_absolute_url()))
    proposed = propose_version(version=draft, now=now, actor=None)
    said = text_of(reader.get(draft.get_absolute_url()))
    assert "Proposed on 2 November 2026; not in force until both sides have signed" in said
    assert said.count("Not signed yet") == 2
    sign_version(version=proposed, signer=signers(now)[0], now=now)
    assert text_of(reader.get(draft.get_absolute_url())).count("Not signed yet") == 1
    withdraw_version(version=proposed, now=now, actor=None)
    assert "never in force" in text_of(reader.get(draft.get_absolute_url()))


def test_superseded_version_stays_readable_beside_the_others(reader, starter, now):
    second = propose_version(version=draft_from(version=starter, now=now, actor=None), now=now, actor=None)
    for person in signers(now):
        sign_version(version=second, signer=person, now=now)
    said = text_of(reader.get(starter.get_absolute_url()))
    assert "Superseded ; it was in force from 2 November 2026 to 2 November 2026" in said
    assert "All versions v2 Active v1 Superseded" in said


def test_several_agreements_are_offered(reader, starter, now):
    draft_from(version=starter, now=now, actor=None)
    content = starter_content() | {"agreement": {"slug": "dach", "name": "DACH", "currency": "CHF"}}
    other = active_version(content, now=now)
    html = reader.get(other.get_absolute_url()).content.decode()
    menu = html[html.rindex("menu-body", 0, html.index("data-print")) : html.index("data-print")]
    assert re.findall(r'class="menu-item" href="([^"]+)"', menu) == [
        starter.get_absolute_url(),
        other.get_absolute_url(),
    ]
    assert 'aria-current="true">DACH' in menu
    assert "CHF" in html


def test_document_reads_the_same_in_every_language(client, starter):
    def article(language):
        client.force_login(UserFactory(rep=True, language=language))
        html = client.get(starter.get_absolute_url()).content.decode()
        return html[html.index("<article") : html.index("</article>")]

    english = article("en")
    assert 'lang="en" dir="ltr"' in english
    assert article("ar") == english


def test_kind_without_a_template_shows_its_fields(starter):
    read = document(starter.pk)
    run = Run("something_new", (Item(read.by_key["response-urgent"], read),), read)
    html = render_to_string(run.templates[1], {"run": run})
    assert 'id="response-urgent"' in html
    assert re.search(r"<dt>Accept within</dt><dd>1 business hour</dd>", html)
    assert "<dt>Words</dt>" not in html


def test_steps_of_a_cadence_follow_it(starter):
    (chapter,) = (chapter for chapter in chapters_of(document(starter.pk)) if chapter.number == 6)
    assert [(run.kind, len(run.items)) for run in chapter.runs] == [
        ("cadence", 1),
        ("cadence_step", 6),
        ("cadence", 1),
        ("cadence_step", 5),
    ]


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({"always_open": True}, [("Every day", "round the clock")]),
        (
            {
                "week": {
                    "mon": [["09:00", "12:00"], ["13:00", "17:00"]],
                    "wed": [["9:00", "12:00"]],
                    "thu": [["09:00", "12:00"]],
                }
            },
            [("Mon", "09:00–12:00, 13:00–17:00"), ("Wed–Thu", "09:00–12:00")],
        ),
    ],
)
def test_hours_are_said_by_runs_of_days(starter, now, hours, said):
    calendar = starter.agreement.calendar
    revise_calendar(calendar=calendar, zone="UTC", now=now, actor=None, **hours)
    assert [(each.days, each.slots) for each in hours_of(current_revision(calendar.pk))] == said


def test_share_is_said_in_per_cent(starter):
    read = document(starter.pk)
    plan = Item(read.by_key["funnel-plan"], read)
    assert plan.clause.visitor_to_lead == Decimal("0.025")
    assert [plan.said[name] for name in ("visitor_to_lead", "hours_per_mql", "deal_size", "reps")] == [
        "2.5%",
        "1.5",
        "EUR\N{NO-BREAK SPACE}20,000",
        "4",
    ]


@pytest.mark.parametrize(
    "model", ["agreement", "version", "signature", "businesscalendar", "calendarrevision"]
)
def test_admin_looks_up_and_changes_nothing(client, starter, model):
    client.force_login(UserFactory(admin=True))
    listing = f"/admin/agreements/{model}/"
    page = client.get(listing)
    assert page.status_code == 200
    row = page.context["cl"].result_list[0]
    assert client.get(f"{listing}{row.pk}/change/").status_code == 200
    assert client.post(f"{listing}{row.pk}/change/", {}).status_code == 403
    assert client.get(f"{listing}add/").status_code == 403
