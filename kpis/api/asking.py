"""What a request asks the figures for, taken strictly: what makes no sense is an error, not left out."""

from collections.abc import Mapping
from datetime import date, datetime

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from accounts.models import Team
from accounts.rules import whole_number
from agreements.models import Agreement
from kpis.scopes import YEARS, Scope, last_of_month
from kpis.selectors.standing import zone_of

MOST_DAYS = 3 * 366
PARAMS = ("month", "from", "to", "agreement", "team", "source")
NO_SOURCE = "-"
"""In an address: leads without a source, as on the pages."""


def scope_asked(query: Mapping[str, str], now: datetime) -> Scope:
    """The scope of a request; without days, the present month of the agreement's zone. Raises `ValidationError`."""
    agreement = _agreement(query.get("agreement", ""))
    zone = zone_of(agreement or Agreement.objects.filter(is_default=True).first())
    today = now.astimezone(zone).date()
    starts_on, ends_on = _days(query, today)
    if starts_on > today:
        name = "from" if query.get("from") else "month"
        message = _("%(day)s is still to come: there are no figures yet.") % {"day": starts_on.isoformat()}
        raise ValidationError({name: [message]})
    source = query.get("source")
    return Scope(
        starts_on,
        ends_on,
        zone,
        agreement.pk if agreement else None,
        _team(query.get("team", "")),
        None if not source else "" if source == NO_SOURCE else source[:60],
    )


def refuse_unknown(query: Mapping[str, str], *also: str) -> None:
    """A misspelt parameter would silently ask for something else. Raises `ValidationError`."""
    known = (*PARAMS, *also)
    if unknown := [name for name in query if name not in known]:
        message = _("There is no such parameter. There are: %(known)s.") % {"known": ", ".join(known)}
        raise ValidationError({name[:80]: [message] for name in unknown})


def params_of(query: Mapping[str, str], scope: Scope) -> dict[str, str]:
    """What an address that asks for the same carries."""
    days = (
        {"month": f"{scope.starts_on:%Y-%m}"}
        if scope.is_month
        else {"from": scope.starts_on.isoformat(), "to": scope.ends_on.isoformat()}
    )
    return days | {name: query[name] for name in ("agreement", "team", "source") if query.get(name)}


def _agreement(slug: str) -> Agreement | None:
    if not slug:
        return None
    found = Agreement.objects.filter(slug=slug).first()
    if found is None:
        raise ValidationError({"agreement": [_("There is no agreement “%(slug)s”.") % {"slug": slug[:80]}]})
    return found


def _team(text: str) -> int | None:
    if not text:
        return None
    team_id = whole_number(text)
    if team_id is None or not Team.objects.filter(pk=team_id).exists():
        raise ValidationError({"team": [_("There is no team “%(team)s”.") % {"team": text[:20]}]})
    return team_id


def _days(query: Mapping[str, str], today: date) -> tuple[date, date]:
    month, starts, ends = (query.get(name, "") for name in ("month", "from", "to"))
    if month and (starts or ends):
        raise ValidationError({"month": [_("Ask for a month, or for from and to, not for both.")]})
    if starts or ends:
        return _stretch(starts, ends)
    first = _day("month", f"{month}-01" if month else today.replace(day=1).isoformat(), month)
    return first, last_of_month(first)


def _stretch(starts: str, ends: str) -> tuple[date, date]:
    for name, text in (("from", starts), ("to", ends)):
        if not text:
            raise ValidationError({name: [_("Say both, the first and the last day.")]})
    first, last = _day("from", starts, starts), _day("to", ends, ends)
    if last < first:
        raise ValidationError({"to": [_("The last day lies before the first.")]})
    if (last - first).days >= MOST_DAYS:
        raise ValidationError({"to": [_("At most %(days)s days at once.") % {"days": MOST_DAYS}]})
    return first, last


def _day(name: str, text: str, given: str) -> date:
    example = "2026-11" if name == "month" else "2026-11-02"
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        message = _("“%(given)s” cannot be: write it as %(example)s, from the years %(first)s to %(last)s.")
        years = {"first": YEARS[0], "last": YEARS[-1]}
        raise ValidationError({name: [message % {"given": given[:20], "example": example, **years}]})
    return day
