"""The visual parts, as templates use them."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import QueryDict
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone
from django.views.csrf import csrf_failure
from django.views.defaults import server_error

from sla_portal.parts import clock, lists
from sla_portal.parts.figures import cadence_dots, pace_bar
from sla_portal.templatetags.ui import initials

NOW = datetime(2026, 11, 24, 13, 18, tzinfo=UTC)  # a Tuesday
ROOT = Path(settings.BASE_DIR)


def rendered(source: str, query: str = "", **context: Any) -> str:
    request = RequestFactory().get(f"/leads/{query}")
    return Template(source).render(Context({"request": request, "now": NOW, **context}))


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# --- Clocks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "extra", "words"),
    [
        ("later", {}, "Later: due in 1 h 12 min Tue 14:30"),
        ("due_soon", {}, "Due soon: due in 1 h 12 min Tue 14:30"),
        ("met", {"done_at": NOW - timedelta(minutes=8)}, "Met: met Tue 13:10"),
        ("met_late", {"done_at": NOW + timedelta(minutes=97)}, "Met late: met late by 25 min Tue 14:55"),
        ("met_late", {}, "Met late: met late Tue 14:30"),
        ("paused", {"left": timedelta(minutes=40)}, "Paused: paused 40 min left"),
        ("paused", {}, "Paused: paused"),
        ("waived", {}, "Waived: waived Tue 14:30"),
    ],
)
def test_clock_says_its_state_in_words(state: str, extra: dict[str, Any], words: str) -> None:
    context = {"state": state, "due": NOW + timedelta(minutes=72)} | extra
    tag = "{% clock state=state due=due now=now done_at=done_at left=left %}"
    assert words_of(rendered(tag, **context)) == words


def test_clock_that_runs_past_its_due_is_overdue_whatever_was_stored() -> None:
    html = rendered('{% clock state="due_soon" due=due now=now %}', due=NOW - timedelta(seconds=1))
    assert "clock-overdue" in html
    assert words_of(html) == "Overdue: late by under a minute Tue 13:17"


def test_clock_gives_the_page_what_it_needs_to_count() -> None:
    due = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    with timezone.override("Europe/Berlin"):
        shown = clock.clock("later", due, NOW, "Berlin office hours", soon_at=due - timedelta(hours=1))
    assert (shown["due"], shown["soon"]) == ("2026-11-25T09:00:00Z", "2026-11-25T08:00:00Z")
    assert shown["today"] == "2026-11-24T23:00:00Z"  # midnight in Berlin
    assert shown["exact"] == "Later: Wednesday 25 November 2026, 10:00 CET · Berlin office hours"


def test_clock_that_stopped_does_not_count() -> None:
    assert "data-due" not in rendered('{% clock state="met" due=now now=now %}')


def test_clock_refuses_a_state_it_does_not_know() -> None:
    with pytest.raises(KeyError):
        rendered('{% clock state="due soon" due=now now=now %}')


def test_when_carries_what_stays_true_in_an_open_page() -> None:
    html = rendered("{% when at now %}", at=NOW - timedelta(minutes=25))
    assert words_of(html) == "25 min ago"
    assert 'data-day="today 12:53"' in html
    assert 'data-settled="Tue 12:53"' in html
    assert 'title="Tuesday 24 November 2026, 12:53 UTC"' in html


# --- Chips and figures ------------------------------------------------------------------------------------


def test_clause_chip() -> None:
    html = rendered('{% clause_chip ref="4.2" words="first attempt within 4 h" version=3 url="/a/#c" %}')
    assert words_of(html) == "§4.2 first attempt within 4 h v3"
    assert 'href="/a/#c"' in html
    assert "<a " not in rendered('{% clause_chip ref="§4.2" words="w" version=3 %}')


@pytest.mark.parametrize(("interest", "shown"), [(31, "B2 · 64 + 31"), (-5, "B2 · 64 − 5")])
def test_score_chip(interest: int, shown: str) -> None:
    html = rendered('{% score_chip grade="B2" fit=64 interest=interest %}', interest=interest)
    assert words_of(html).endswith(shown)


def test_side_badge_refuses_another_side() -> None:
    assert words_of(rendered('{% side_badge "sales" %}')) == "Sales"
    with pytest.raises(KeyError):
        rendered('{% side_badge "support" %}')


def test_pace_bar_puts_everything_on_one_scale() -> None:
    bar = pace_bar(done=60, target=120, expected=90, forecast=150)
    places = (bar["done"], bar["expected"], bar["target"], bar["forecast_width"])
    assert places == ("40.00%", "60.00%", "80.00%", "60.00%")
    assert bar["is_behind"]
    assert bar["spoken"] == "Shared · 60 done · 90 expected by today · 120 promised · 150 forecast"


def test_pace_bar_of_nothing_promised() -> None:
    bar = pace_bar(done=0, target=0)
    assert (bar["done"], bar["target"], bar["forecast_width"], bar["is_behind"]) == ("0.00%", "", "", False)


def test_cadence_dots() -> None:
    assert cadence_dots(2, 4)["dots"] == ["done", "done", "next", "left"]
    assert cadence_dots(0, 2, is_late=True)["dots"] == ["late", "left"]
    assert cadence_dots(2, 2)["dots"] == ["done", "done"]
    assert cadence_dots(1, 6, next_words="next: phone")["spoken"] == "1 of 6 attempts made · next: phone"


@pytest.mark.parametrize(
    ("name", "letters"), [("Ada King", "A‌K"), ("Plato", "P"), ("Ana de la Cruz", "A‌C"), ("  ", "?")]
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


# --- Lists ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "order", "url"),
    [
        ("", "ascending", "?sort=-due"),
        ("?sort=due", "ascending", "?sort=-due"),
        ("?sort=-due&owner=mia&page=3", "descending", "?owner=mia&sort=due"),
        ("?sort=name", "", "?sort=due"),
    ],
)
def test_sort_header_keeps_filters_and_leaves_the_page(query: str, order: str, url: str) -> None:
    head = lists.sort_header(RequestFactory().get(f"/{query}"), "due", "Due", default="due")
    assert head["order"] == order
    assert dict(QueryDict(head["url"][1:]).lists()) == dict(QueryDict(url[1:]).lists())


def test_sort_header_may_start_descending() -> None:
    head = lists.sort_header(RequestFactory().get("/"), "value", "Value", first="descending")
    assert head["url"] == "?sort=-value"


def test_filter_chips_take_away_one_value_of_several() -> None:
    chips = [
        {"label": "Stage", "value": "MQL", "param": "stage", "raw": "mql"},
        {"label": "Stage", "value": "SQL", "param": "stage", "raw": "sql"},
        {"label": "Owner", "value": "Mia", "param": "owner"},
    ]
    shown = lists.filter_chips(RequestFactory().get("/?stage=mql&stage=sql&owner=7&q=bar&page=2"), chips)
    assert shown["chips"][0]["url"] == "?stage=sql&owner=7&q=bar"
    assert shown["chips"][2]["url"] == "?stage=mql&stage=sql&q=bar"
    assert shown["clear_url"] == "?q=bar"


def test_filter_chips_without_filters_show_nothing() -> None:
    assert rendered("{% filter_chips chips %}", chips=[]).strip() == ""


def test_pagination_shows_the_ends_and_the_neighbours() -> None:
    page = Paginator(range(500), 25).get_page(10)
    shown = lists.pagination(RequestFactory().get("/?owner=7&page=10"), page)
    assert [link["label"] for link in shown["links"]] == [1, "…", 9, 10, 11, "…", 20]
    assert (shown["previous_url"], shown["next_url"]) == ("?owner=7&page=9", "?owner=7&page=11")


def test_pagination_of_one_page_is_not_there() -> None:
    assert rendered("{% pagination page %}", page=Paginator([1], 25).get_page(1)).strip() == ""


def test_keyset_pagination_offers_only_the_directions_there_are() -> None:
    html = rendered("{% keyset_pagination previous=None following=next %}", "?owner=7", next="abc=")
    assert 'href="?owner=7&amp;cursor=abc%3D"' in html
    assert 'rel="prev"' not in html


def test_table_bar_keeps_filters_in_the_export_and_the_choice_of_columns() -> None:
    columns = [
        {"key": "due", "label": "Due", "shown": True},
        {"key": "owner", "label": "Owner", "shown": False},
    ]
    html = rendered(
        '{% table_bar count="1,204 leads" columns=columns export_url="/leads.csv" %}',
        "?q=bar&cols=due&page=4",
        columns=columns,
    )
    assert 'href="/leads.csv?q=bar&amp;cols=due"' in html
    assert '<input type="hidden" name="q" value="bar">' in html
    assert re.findall(r'value="(\w+)" (checked)?', html.split('name="cols"', 1)[1])[0] == ("due", "checked")
    assert 'name="page"' not in html


# --- Forms ------------------------------------------------------------------------------------------------


class Contract(forms.Form):
    name = forms.CharField(help_text="As signed.")
    notes = forms.CharField(required=False, widget=forms.Textarea)
    side = forms.ChoiceField(choices=[("sales", "Sales")], widget=forms.RadioSelect)
    agreed = forms.BooleanField()

    def clean(self) -> dict[str, Any]:
        raise forms.ValidationError("The two dates overlap.")


def test_field_ties_its_words_to_its_control() -> None:
    html = rendered("{% field form.name %}", form=Contract({"name": ""}))
    assert 'aria-describedby="id_name_help id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html
    assert 'for="id_name"' in html
    assert "form-control" in html


def test_field_keeps_what_was_typed_and_says_what_is_optional() -> None:
    html = rendered("{% field form.notes %}", form=Contract({"notes": "<b>call first</b>"}))
    assert "&lt;b&gt;call first&lt;/b&gt;" in html
    assert "optional" in html
    assert "optional" not in rendered("{% field form.name %}", form=Contract())


def test_field_of_choices_is_a_group_and_a_checkbox_stands_before_its_words() -> None:
    group = rendered("{% field form.side %}", form=Contract())
    assert "<fieldset" in group
    assert "form-select" not in group
    assert 'class="form-check-input"' in rendered("{% field form.agreed %}", form=Contract())


def test_form_errors_names_each_field_and_takes_the_focus() -> None:
    html = rendered("{% form_errors form %}", form=Contract({}))
    assert "data-focus" in html
    assert re.findall(r'href="#(\w+)"', html) == ["id_name", "id_side_0", "id_agreed"]
    assert words_of(html).startswith("4 things need your attention The two dates overlap. Name : This field")


def test_form_errors_of_a_form_without_errors_is_nothing() -> None:
    assert rendered("{% form_errors form %}", form=Contract()).strip() == ""


# --- Timeline ---------------------------------------------------------------------------------------------


@dataclass
class Fact:
    at: datetime
    kind: str
    words: str
    kind_label: str = "Kind"
    icon: str = "phone"
    cause: dict[str, Any] = field(default_factory=dict)


FACTS = [
    Fact(NOW - timedelta(hours=1), "attempt", "Called"),
    Fact(NOW - timedelta(hours=2), "stage", "Became an MQL"),
    Fact(NOW - timedelta(days=1), "attempt", "Wrote <mail>"),
]


def test_timeline_groups_by_day_and_escapes() -> None:
    html = rendered("{% timeline facts now %}", facts=FACTS)
    assert re.findall(r'class="timeline-heading">([^<]+)<', html) == ["Today", "Yesterday"]
    assert "Wrote &lt;mail&gt;" in html


def test_timeline_shows_only_the_kinds_in_the_address() -> None:
    html = rendered("{% timeline facts now %}", "?kind=stage", facts=FACTS)
    lines = re.findall(r'<li class="timeline-line[^>]*>', html)
    assert ["hidden" in line for line in lines] == [True, False, True]
    assert 'aria-pressed="true" data-kind="stage"' in html


def test_timeline_of_nothing_says_so() -> None:
    assert words_of(rendered('{% timeline facts now empty="Nothing yet" %}', facts=[])) == "Nothing yet"


# --- What the browser is served ---------------------------------------------------------------------------

TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if path.name != "mail.html")
"""Pages; what goes out by e-mail has its styles in it, for mail readers take no others."""


def test_every_icon_named_in_a_template_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/icons.svg").read_text()))
    named = {
        name
        for path in TEMPLATES
        for name in re.findall(r'\{% icon "([\w-]+)"|(?<![\w-])icon="([\w-]+)"', path.read_text())
        for name in name
        if name
    }
    assert named | {face.icon for face in clock.FACES.values()} <= sprite


def test_the_sprite_is_what_its_list_says() -> None:
    sprite = re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/icons.svg").read_text())
    assert sprite == (ROOT / "static/vendor/icons.txt").read_text().split()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_breaks_the_content_security_policy(path: Path) -> None:
    source = path.read_text()
    assert not re.search(r'\sstyle="|\son[a-z]+="|hx-on|javascript:|<style', source)
    assert not re.search(r"<script(?![^>]*\bsrc=)", source)


def test_no_page_or_style_fetches_from_elsewhere() -> None:
    ours = [*TEMPLATES, *(ROOT / "static/css").glob("*.css"), *(ROOT / "static/js").glob("*.js")]
    outside = [
        path.name
        for path in ours
        if re.search(r"""(?:src|href|url|fetch|import)[=("'\s]+https?:""", path.read_text())
    ]
    assert outside == []


def test_vendored_files_are_the_ones_written_down() -> None:
    vendor = ROOT / "static/vendor"
    written = dict(reversed(line.split()) for line in (vendor / "checksums.txt").read_text().splitlines())
    found = {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.suffix in {".css", ".js", ".woff2"}
    }
    assert found == written


# --- Pages that show when much is broken ----------------------------------------------------------


def test_the_page_of_a_broken_server_needs_nothing_of_the_request() -> None:
    answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "What you sent was not saved." in answer.content.decode()


def test_a_stale_form_says_what_to_do() -> None:
    answer = csrf_failure(RequestFactory().post("/"))
    assert answer.status_code == 403
    assert "Go back, reload the page and send it again" in answer.content.decode()
