"""What an address asks for, the choices above the figures, and the addresses of what lies behind them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Team
from accounts.permissions import PortalRequest
from accounts.roles import Side
from agreements.models import Agreement
from kpis.forms import NO_SOURCE, Asked, asked
from kpis.models import TrafficDay
from kpis.scopes import ALL, DAY, YEARS, Scope, first_of_month, last_of_month
from kpis.selectors import Slice
from leads.selectors.distinct import sources
from leads.selectors.timeline import in_words


def read_asked(
    request: PortalRequest, now: datetime, only: tuple[str, ...] = ()
) -> tuple[Asked, list[Agreement], list[Team]]:
    """What the address asks for (by `only` these parameters), with the agreements and the teams to choose from."""
    agreements = list(Agreement.objects.all())
    teams = list(Team.objects.filter(side=Side.SALES).order_by("name"))
    query = {name: request.GET[name] for name in request.GET if not only or name in only}
    return asked(query, agreements=agreements, teams=teams, now=now), agreements, teams


def links(found: Asked) -> Callable[..., str]:
    """Addresses of the facts behind figures of the same scope."""

    def link(
        measure: str,
        part: str = "numerator",
        cut: Slice | None = None,
        *,
        period: Scope | None = None,
        name: str = "kpis:behind",
    ) -> str:
        params = found.params
        if period is not None and (period.starts_on, period.ends_on) != (
            found.scope.starts_on,
            found.scope.ends_on,
        ):
            params = {name: value for name, value in params.items() if name not in ("month", "from", "to")}
            params |= {"from": period.starts_on.isoformat(), "to": period.ends_on.isoformat()}
        params |= {"measure": measure, "part": part}
        if cut is not None:
            params |= {"by": cut.by, "value": cut.value}
        return f"{reverse(name)}?{urlencode(params)}"

    return link


def say_period(scope: Scope) -> str:
    """`November 2026`; of other days `1 Nov 2026 – 14 Nov 2026`."""
    if scope.is_month:
        return date_format(scope.starts_on, "F Y")
    first, last = (date_format(day, "j M Y") for day in (scope.starts_on, scope.ends_on))
    return first if first == last else f"{first} – {last}"


def neighbours(found: Asked) -> dict[str, str]:
    """The addresses of the months, or as many days, before and after."""
    scope = found.scope
    before, after = scope.previous, _next(scope)
    shown = {"previous": before} | ({"next": after} if after.starts_on.year in YEARS else {})
    return {name: f"?{urlencode(_at(found, each))}" for name, each in shown.items()}


def _next(scope: Scope) -> Scope:
    first = scope.ends_on + DAY
    last = last_of_month(first) if scope.is_month else first + (scope.ends_on - scope.starts_on)
    return scope.between(first, last)


def _at(found: Asked, scope: Scope) -> dict[str, str]:
    moved = Asked(scope, found.today, found.agreement, found.team, found.source, found.all)
    return moved.params


def choices(found: Asked, agreements: list[Agreement], teams: list[Team]) -> list[dict[str, Any]]:
    """The selects above the figures; one that offers nothing is left out."""
    told = sorted({*sources(), *_told_sources()})
    offered = [
        (
            "agreement",
            _("Agreement"),
            _of_agreements(agreements),
            found.agreement.slug if found.agreement else found.all,
        ),
        (
            "team",
            _("Team"),
            [("", _("All teams")), *((str(each.pk), each.name) for each in teams)],
            found.team and str(found.team.pk),
        ),
        (
            "source",
            _("Source"),
            [("", _("All sources")), *((each, in_words(each)) for each in told), (NO_SOURCE, _("Not known"))],
            found.source,
        ),
    ]
    return [
        {
            "param": param,
            "label": label,
            "options": [(value, said, value == (chosen or "")) for value, said in options],
        }
        for param, label, options, chosen in offered
        if len(options) > 2 or (param == "team" and len(options) > 1 and found.team)
    ]


def _told_sources() -> list[str]:
    """Sources of visitors. There are few: the key of the table begins with the day, so that all are read."""
    return list(
        TrafficDay.objects.exclude(source="").order_by().values_list("source", flat=True).distinct()[:200]
    )


def _of_agreements(agreements: list[Agreement]) -> list[tuple[str, str]]:
    if len(agreements) < 2:
        return []
    return [*((each.slug, each.name) for each in agreements), (ALL, _("All agreements"))]


def months(found: Asked) -> list[tuple[str, str, bool]]:
    """The months to pick from: two years back to three ahead, and the one that is shown."""
    chosen = first_of_month(found.scope.starts_on)
    this = first_of_month(found.today)
    days = [this]
    for _step in range(24):
        days.append(first_of_month(days[-1] - DAY))
    shown = sorted({*days, chosen}, reverse=True)
    return [
        (f"{day:%Y-%m}", date_format(day, "F Y"), found.scope.is_month and day == chosen) for day in shown
    ]
