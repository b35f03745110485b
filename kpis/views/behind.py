"""Behind a figure: the facts that it counts, one by one."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from handoffs.models import Channel, DeadlineKind, Outcome
from kpis.facts import Population
from kpis.forms import Asked
from kpis.measures import Measure, UnknownMeasure, Which, measure
from kpis.selectors import Fact, Facts, Slice, UnknownSlice, behind
from kpis.selectors.slices import labels_of
from kpis.views.asking import read_asked, say_period
from kpis.views.dashboard import csv_answer, name_of
from leads.selectors.timeline import in_words

PAGE_SIZE = 50


class Behind:
    """What the address asks for. Raises Http404 for a measure, part or slice that is not there."""

    def __init__(self, request: PortalRequest, now: datetime) -> None:
        self.asked: Asked = read_asked(request, now)[0]
        try:
            self.measure: Measure = measure(request.GET.get("measure", ""))
            self.part: Which = _part(request.GET.get("part", "numerator"))
            self.cut = _cut(request)
            self.facts: Facts = behind(self.measure.key, self.part, self.asked.scope, now, self.cut)
            self.population: Population = self.measure.part(self.part).population
        except (UnknownMeasure, UnknownSlice, LookupError) as missing:
            raise Http404(str(missing)) from missing

    @property
    def sliced(self) -> str:
        """The slice in words."""
        if self.cut is None:
            return ""
        labels = labels_of(self.cut.by, [self.cut.value], [self.population], self.asked.scope)
        return labels.get(self.cut.value) or _say_period_or_value(self.cut)

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole of which a rate is a part."""
        return self.part == "denominator"

    @property
    def cites_reasons(self) -> bool:
        return "reason" in self.population.dimensions

    @property
    def back(self) -> str:
        return f"{reverse('kpis:dashboard')}?{urlencode(self.asked.params)}"


def _part(text: str) -> Which:
    if text == "numerator":
        return "numerator"
    if text == "denominator":
        return "denominator"
    raise Http404


def _cut(request: PortalRequest) -> Slice | None:
    by = request.GET.get("by", "")
    return Slice(by, request.GET.get("value", "")) if by else None


def _say_period_or_value(cut: Slice) -> str:
    if cut.by in ("day", "week", "month"):
        try:
            said = date_format(date.fromisoformat(cut.value), "F Y" if cut.by == "month" else "D j M")
        except ValueError:
            return cut.value
        return _("week of %(day)s") % {"day": said} if cut.by == "week" else said
    if cut.by == "tries":
        number = int(cut.value or 0)
        return ngettext("%(count)s attempt", "%(count)s attempts", number) % {"count": number}
    if cut.by == "number":
        return _("attempt number %(number)s") % {"number": cut.value}
    return in_words(cut.value)


@requires(Capability.READ)
def behind_figure(request: PortalRequest) -> HttpResponse:
    """The list: as many rows as the figure counts, or with the sum that it is."""
    if "measure" not in request.GET:
        return redirect("kpis:dashboard")
    now = timezone.now()
    found = Behind(request, now)
    page = Paginator(found.facts, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = _with_about(list(page), found)
    has_amount = found.measure.part(found.part).amount is not None
    context = {
        "behind": found,
        "measure": found.measure,
        "period": say_period(found.asked.scope),
        "page": page,
        "rows": rows,
        "count": len(found.facts),
        "count_words": _say_count(len(found.facts), found.population),
        "total": found.facts.total if has_amount and found.measure.kind.value != "duration" else None,
        "has_amount": has_amount,
        "has_leads": found.population.lead is not None,
        "has_owner": bool(found.population.owner),
        "has_about": any(about for _fact, about in rows),
        "csv_url": f"{reverse('kpis:behind_csv')}?{_without_page(request)}",
        "chips": [{"label": _BY.get(found.cut.by, found.cut.by), "value": found.sliced, "param": "by"}]
        if found.cut
        else [],
        "now": now,
    }
    return render(request, "kpis/behind.html", context)


_BY: dict[str, Any] = {
    "day": gettext_lazy("Day"),
    "week": gettext_lazy("Week"),
    "month": gettext_lazy("Month"),
    "clause": gettext_lazy("Clause"),
    "reason": gettext_lazy("Reason"),
    "person": gettext_lazy("Person"),
    "team": gettext_lazy("Team"),
    "tries": gettext_lazy("Attempts"),
    "number": gettext_lazy("Attempt"),
}


def _without_page(request: PortalRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


def _say_count(count: int, population: Population) -> str:
    """In the words of what is counted."""
    said = number_format(count, force_grouping=True)
    key = population.key
    if key in ("leads", "mqls", "sqls", "wins"):
        words = ngettext("%(count)s lead", "%(count)s leads", count)
    elif key in ("handoffs", "aged", "ended"):
        words = ngettext("%(count)s handoff", "%(count)s handoffs", count)
    elif key == "attempts":
        words = ngettext("%(count)s attempt", "%(count)s attempts", count)
    elif key == "clocks":
        words = ngettext("%(count)s clock", "%(count)s clocks", count)
    elif key == "breaches":
        words = ngettext("%(count)s breach", "%(count)s breaches", count)
    elif key == "traffic":
        words = ngettext("%(count)s day’s figure", "%(count)s days’ figures", count)
    else:
        words = ngettext("%(count)s decision", "%(count)s decisions", count)
    return words % {"count": said}


def _with_about(shown: list[Fact], found: Behind) -> list[tuple[Fact, str]]:
    """Each with what the fact was, in words."""
    keys = {fact.about for fact in shown if fact.about}
    titles = labels_of("reason", keys, [found.population], found.asked.scope) if found.cites_reasons else {}
    return [(fact, _say_about(fact.about, titles)) for fact in shown]


def _say_about(about: str, titles: dict[str, str]) -> str:
    for choices in (DeadlineKind, Outcome, Channel):
        if about in choices:
            return str(choices(about).label)
    return titles.get(about) or in_words(about) if about else ""


@requires(Capability.READ)
def behind_csv(request: PortalRequest) -> HttpResponse:
    """The whole list as CSV, one line a fact. Instants are UTC, durations hours."""
    if "measure" not in request.GET:
        return redirect("kpis:dashboard")
    found = Behind(request, timezone.now())
    head = ("at", "lead_id", "lead", "owner", "what", "amount")
    rows = (
        [_at(fact), fact.lead_id, fact.lead, fact.owner, fact.about, _amount(fact)] for fact in found.facts
    )
    name = f"{found.measure.key}-{name_of(found.asked)}.csv"
    return csv_answer(name, (head, *rows))


def _at(fact: Fact) -> str:
    if isinstance(fact.at, datetime):
        return fact.at.astimezone(UTC).isoformat(timespec="seconds")
    return fact.at.isoformat()


def _amount(fact: Fact) -> Any:
    if isinstance(fact.amount, timedelta):
        return round(fact.amount.total_seconds() / 3600, 4)
    return fact.amount
