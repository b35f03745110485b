"""The portal's visual parts as template tags (docs/interface.md); none reads the database."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.core.paginator import Page
from django.templatetags.static import static
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from sla_portal import humanize
from sla_portal.parts import charts, figures, forms, lists
from sla_portal.parts import clock as clock_parts
from sla_portal.parts import timeline as timeline_parts

register = template.Library()
NOT_JOINED = "\N{ZERO WIDTH NON-JOINER}"

register.inclusion_tag("components/clock.html", name="clock")(clock_parts.clock)
register.inclusion_tag("components/when.html", name="when")(clock_parts.when)
register.inclusion_tag("components/side_badge.html", name="side_badge")(figures.side_badge)
register.inclusion_tag("components/stat.html", name="stat")(figures.stat)
register.inclusion_tag("components/score_chip.html", name="score_chip")(figures.score_chip)
register.inclusion_tag("components/pace_bar.html", name="pace_bar")(figures.pace_bar)
register.inclusion_tag("components/cadence_dots.html", name="cadence_dots")(figures.cadence_dots)
register.inclusion_tag("components/progress_bar.html", name="progress_bar")(figures.progress_bar)
register.inclusion_tag("components/chart.html", name="chart")(charts.chart)
register.inclusion_tag("components/field.html", name="field")(forms.field)
register.inclusion_tag("components/form_errors.html", name="form_errors")(forms.form_errors)

register.filter("number", humanize.say_number)
register.filter("percent", humanize.say_percent)
register.filter("money", humanize.say_money)
register.filter("money_short", humanize.say_money_short)


@register.filter
def duration(length: timedelta | None) -> str:
    """`1 h 12 min`, `1.5 days`; a dash for nothing."""
    return "–" if length is None else humanize.say_measured(length)


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon of the sprite; with `label` it speaks for itself, without it is decoration beside words."""
    spoken = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    href = f"{static('icons.svg')}#{name}"
    return format_html('<svg class="icon {}" {}><use href="{}"></use></svg>', css, spoken, href)


@register.simple_tag
def shell_words() -> SafeString:
    """The words that the page's scripts say, as a block of data."""
    return json_script(clock_parts.shell_words(), "words")


@register.inclusion_tag("components/clause_chip.html")
def clause_chip(ref: str, words: str, version: int | str, url: str = "") -> dict[str, Any]:
    """`§4.2 · first attempt within 4 business hours · v3`: the rule that caused something."""
    return {"ref": str(ref).removeprefix("§"), "words": words, "version": version, "url": url}


@register.inclusion_tag("components/avatar.html")
def avatar(name: str) -> dict[str, str]:
    """A person's initials; the name is for whoever hears it."""
    return {"name": name or gettext("Nobody"), "initials": initials(name)}


@register.inclusion_tag("components/person.html")
def person(name: str, note: str = "", url: str = "") -> dict[str, str]:
    """A person with initials, name and a quiet word beside it (role, company)."""
    return {"name": name, "initials": initials(name), "note": note, "url": url}


def initials(name: str) -> str:
    """First letters of the first and last word, `AK`; Arabic ones stay apart; `?` for no name."""
    parts = name.split()
    if not parts:
        return "?"
    letters = [parts[0][0], parts[-1][0]] if len(parts) > 1 else [parts[0][0]]
    return NOT_JOINED.join(letters).upper()


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    title: str, words: str = "", icon: str = "inbox", url: str = "", act: str = "", act_icon: str = ""
) -> dict[str, str]:
    """What would be here, and the one act that brings it."""
    return {"title": title, "words": words, "icon": icon, "url": url, "act": act, "act_icon": act_icon}


@register.inclusion_tag("components/timeline.html", takes_context=True)
def timeline(
    context: template.Context,
    items: Iterable[timeline_parts.TimelineItem],
    now: datetime,
    empty: str = "",
) -> dict[str, Any]:
    """Facts by day; see `parts.timeline`."""
    return timeline_parts.timeline(context["request"], items, now, empty)


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(
    context: template.Context,
    key: str,
    label: str,
    default: str = "",
    numeric: bool = False,
    first: str = "ascending",
) -> dict[str, Any]:
    """A `th` that sorts; see `parts.lists`."""
    return lists.sort_header(context["request"], key, label, default, numeric, first)


@register.inclusion_tag("components/filter_chips.html", takes_context=True)
def filter_chips(context: template.Context, chips: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The filters in force, removable; see `parts.lists`."""
    return lists.filter_chips(context["request"], chips)


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: template.Context, page: Page[Any], param: str = "page") -> dict[str, Any]:
    """Numbered pages; see `parts.lists`."""
    return lists.pagination(context["request"], page, param)


@register.inclusion_tag("components/pagination.html", takes_context=True)
def keyset_pagination(
    context: template.Context,
    previous: str | None = None,
    following: str | None = None,
    param: str = "cursor",
) -> dict[str, Any]:
    """Earlier and later by cursor; see `parts.lists`."""
    return lists.keyset_pagination(context["request"], previous, following, param)


@register.inclusion_tag("components/table_bar.html", takes_context=True)
def table_bar(
    context: template.Context,
    count: str = "",
    columns: Iterable[Mapping[str, Any]] = (),
    export_url: str = "",
) -> dict[str, Any]:
    """The line above a table; see `parts.lists`."""
    return lists.table_bar(context["request"], count, columns, export_url)
