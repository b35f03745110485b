"""Writing calendars.

A revision is never changed, so a running deadline keeps the hours it was computed by.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.business_time import ScheduleError
from agreements.calendars import schedule_of
from agreements.models import BusinessCalendar, CalendarRevision


class CalendarInvalid(ValueError):
    """The opening hours, the zone or the country make no sense; the message says which."""


def create_calendar(
    *, slug: str, name: str, now: datetime, actor: User | None, **hours: Any
) -> BusinessCalendar:
    """A calendar with its first revision; `hours` are the arguments of `revise_calendar`.

    Raises `CalendarInvalid`.
    """
    with transaction.atomic():
        calendar = BusinessCalendar.objects.create(slug=slug, name=name)
        revise_calendar(calendar=calendar, now=now, actor=actor, **hours)
    return calendar


def revise_calendar(
    *,
    calendar: BusinessCalendar,
    zone: str,
    now: datetime,
    actor: User | None,
    week: Mapping[str, Sequence[Sequence[str]]] | None = None,
    always_open: bool = False,
    country: str = "",
    region: str = "",
    closed_on: Sequence[str] = (),
) -> CalendarRevision:
    """Give the calendar new hours, for clocks that start from now on.

    Hours that say the same as the latest revision make no new one. `week` as in `Schedule.from_dict`,
    `country` and `region` as in ISO 3166, `closed_on` ISO dates. Raises `CalendarInvalid`.
    """
    with transaction.atomic():
        BusinessCalendar.objects.select_for_update().get(pk=calendar.pk)
        latest = calendar.revisions.order_by("-number").first()
        revision = CalendarRevision(
            calendar=calendar,
            number=latest.number + 1 if latest else 1,
            zone=zone,
            week={} if always_open else dict(week or {}),
            always_open=always_open,
            country=country.upper(),
            region=region.upper(),
            closed_on=sorted({str(day) for day in closed_on}),
            created_at=now,
        )
        _check(revision)
        if latest is not None and _hours(latest) == _hours(revision):
            return latest
        revision.save(force_insert=True)
    return revision


_HOURS = ("zone", "week", "always_open", "country", "region", "closed_on")


def _hours(revision: CalendarRevision) -> dict[str, Any]:
    return {name: getattr(revision, name) for name in _HOURS}


def _check(revision: CalendarRevision) -> None:
    if revision.region and not revision.country:
        raise CalendarInvalid(_("A region needs its country."))
    try:
        schedule_of(revision)
    except ScheduleError as error:
        raise CalendarInvalid(error.in_words(_)) from error
    except NotImplementedError as error:
        words = {"country": revision.country, "region": revision.region or "–"}
        raise CalendarInvalid(
            _("No public holidays are known for the country %(country)s, region %(region)s.") % words
        ) from error
