"""What an address asks the figures for: a month or any days, and whose leads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team
from agreements.models import Agreement
from kpis.scopes import ALL, YEARS, Scope, last_of_month
from kpis.selectors.standing import zone_of

MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
MOST_DAYS = 3 * 366
"""Longer stretches are not told by day."""


@dataclass(frozen=True)
class Asked:
    """The scope that an address asks for. What makes no sense is not asked for; `problems` say so in words."""

    scope: Scope
    today: date
    agreement: Agreement | None = None
    team: Team | None = None
    source: str | None = None
    all: str = ""
    problems: tuple[str, ...] = ()

    @property
    def params(self) -> dict[str, str]:
        """What an address that asks for the same carries."""
        given = {
            "agreement": self.agreement.slug if self.agreement else self.all,
            "team": self.team and str(self.team.pk),
        }
        found = self.period | {name: value for name, value in given.items() if value}
        return found | ({"source": self.source} if self.source is not None else {})

    @property
    def period(self) -> dict[str, str]:
        if self.scope.is_month:
            return {"month": f"{self.scope.starts_on:%Y-%m}"}
        return {"from": self.scope.starts_on.isoformat(), "to": self.scope.ends_on.isoformat()}

    @property
    def is_future(self) -> bool:
        return self.scope.starts_on > self.today

    @property
    def is_current(self) -> bool:
        return self.scope.starts_on <= self.today <= self.scope.ends_on


def asked(
    query: Mapping[str, str], *, agreements: list[Agreement], teams: list[Team], now: datetime
) -> Asked:
    """What an address asks for; without anything, the month that it is in the zone of the default agreement.

    Promises are one agreement's, so that without a word about it the default one is meant where there are several.
    """
    problems: list[str] = []
    wanted = query.get("agreement", "")
    choices: dict[str, Agreement | None] = {each.slug: each for each in agreements} | {ALL: None}
    agreement = _chosen(wanted, choices, problems)
    team = _chosen(query.get("team", ""), {str(each.pk): each for each in teams}, problems)
    source = query["source"][:60] if "source" in query else None
    default = next((each for each in agreements if each.is_default), None)
    if agreement is None and wanted != ALL and len(agreements) > 1:
        agreement = default
    zone = zone_of(agreement or default)
    today = now.astimezone(zone).date()
    starts_on, ends_on = _days(query, today, problems)
    scope = Scope(
        starts_on,
        ends_on,
        zone,
        agreement.pk if agreement else None,
        team.pk if team else None,
        source or None if source != NO_SOURCE else "",
    )
    is_all = ALL if wanted == ALL and len(agreements) > 1 else ""
    return Asked(scope, today, agreement, team, source or None, is_all, tuple(problems))


NO_SOURCE = "-"
"""In an address: leads without a source."""


def _chosen(text: str, choices: Mapping[str, Any], problems: list[str]) -> Any:
    if text and text not in choices:
        problems.append(_("“%(text)s” is not one of the choices, so it was left out.") % {"text": text[:60]})
    return choices.get(text)


def _days(query: Mapping[str, str], today: date, problems: list[str]) -> tuple[date, date]:
    this_month = today.replace(day=1), last_of_month(today)
    if query.get("from") or query.get("to"):
        return _stretch(query, problems) or this_month
    if not query.get("month"):
        return this_month
    first = month_of(query["month"])
    if first is None:
        problems.append(
            _(
                "“%(text)s” is no month. Write it as 2026-11, from %(first)s to %(last)s. This is the current month."
            )
            % {"text": query["month"][:20], "first": YEARS[0], "last": YEARS[-1]}
        )
        return this_month
    return first, last_of_month(first)


def month_of(text: str) -> date | None:
    """The first day of a month written `2026-11`."""
    found = MONTH.fullmatch(text)
    if not found or int(found[1]) not in YEARS or not 1 <= int(found[2]) <= 12:
        return None
    return date(int(found[1]), int(found[2]), 1)


def _stretch(query: Mapping[str, str], problems: list[str]) -> tuple[date, date] | None:
    try:
        first, last = date.fromisoformat(query.get("from", "")), date.fromisoformat(query.get("to", ""))
    except ValueError:
        words = _("Write both days, from and to, as 2026-11-01. This is the current month.")
    else:
        if first <= last and (last - first).days < MOST_DAYS and first.year in YEARS and last.year in YEARS:
            return first, last
        words = (
            _("The last day is before the first. This is the current month.")
            if last < first
            else _("At most three years can be told at once. This is the current month.")
        )
    problems.append(words)
    return None


class TrafficForm(forms.Form):
    """A file with visitors by day and source."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy("Columns day, source and visitors; a day is written 2026-11-23."),
    )
