"""Revisions of a calendar and the schedules they give."""

import sys
from datetime import UTC, date, datetime

import pytest

from agreements import calendars
from agreements.models import CalendarRevision
from agreements.selectors import current_revision
from agreements.services import CalendarInvalid, create_calendar, revise_calendar
from agreements.spans import Span

pytestmark = pytest.mark.django_db
WEEK = {"mon": [["09:00", "12:00"], ["13:00", "17:00"]], "tue": [["09:00", "17:00"]]}


@pytest.fixture
def calendar(now):
    return create_calendar(
        slug="office",
        name="Office",
        zone="Europe/Berlin",
        week=WEEK,
        country="DE",
        region="BE",
        now=now,
        actor=None,
    )


def revise(calendar, now, **hours):
    hours = {"zone": "Europe/Berlin", "week": WEEK, "country": "DE", "region": "BE"} | hours
    return revise_calendar(calendar=calendar, now=now, actor=None, **hours)


def test_schedule_knows_hours_public_holidays_and_own_dates_off(calendar, now):
    revision = revise(calendar, now, closed_on=["2026-11-03"])
    assert date(2026, 3, 8) in revision.schedule.holidays, (
        "International Women’s Day is a holiday in Berlin alone"
    )
    assert date(2026, 11, 3) in revision.schedule.holidays
    tuesday, monday = datetime(2026, 11, 3, 9, tzinfo=UTC), datetime(2026, 11, 9, 8, tzinfo=UTC)
    assert revision.schedule.next_opening(tuesday) == monday


def test_holidays_of_another_region_are_others(calendar, now):
    assert date(2026, 3, 8) not in revise(calendar, now, region="BY").schedule.holidays


def test_holidays_reach_from_old_imports_to_far_deadlines(calendar, now):
    years = {day.year for day in current_revision(calendar.pk).schedule.holidays}
    assert years == set(range(now.year - 15, now.year + 16))


def test_new_revision_moves_no_deadline_of_the_old_one(calendar, now):
    """A clock keeps the revision it started under, and that gives the same instant for ever."""
    old = current_revision(calendar.pk)
    due = Span.parse("4 business hours").due(old.schedule, now)
    new = revise(calendar, now, week={"wed": [["10:00", "11:00"]]})
    assert (new.number, current_revision(calendar.pk)) == (2, new)
    pinned = CalendarRevision.objects.get(pk=old.pk)
    assert Span.parse("4 business hours").due(pinned.schedule, now) == due
    assert Span.parse("4 business hours").due(new.schedule, now) != due


def test_same_hours_make_no_revision(calendar, now):
    assert revise(calendar, now, country="de", closed_on=[]) == current_revision(calendar.pk)
    assert calendar.revisions.count() == 1


def test_dates_off_are_kept_once_and_in_order(calendar, now):
    revision = revise(calendar, now, closed_on=["2026-12-31", "2026-12-24", "2026-12-31"])
    assert revision.closed_on == ["2026-12-24", "2026-12-31"]


def test_calendar_may_be_always_open(calendar, now):
    revision = revise(calendar, now, week=None, always_open=True, country="", region="", zone="UTC")
    sunday = datetime(2026, 11, 1, 3, tzinfo=UTC)
    assert (revision.week, revision.schedule.is_open(sunday)) == ({}, True)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ({"zone": "Mars/Base"}, "“Mars/Base” is not a time zone"),
        ({"week": {}}, "never opens"),
        ({"week": None}, "never opens"),
        ({"week": {"mon": [["17:00", "09:00"]]}}, "does not close after it opens"),
        ({"week": {"monday": [["09:00", "17:00"]]}}, "means nothing in a calendar"),
        ({"closed_on": ["24.12.2026"]}, "is not a date"),
        ({"country": "XX"}, "No public holidays are known for the country XX"),
        ({"region": "ZZ"}, "region ZZ"),
        ({"country": ""}, "A region needs its country"),
    ],
)
def test_hours_that_make_no_sense_are_refused_in_words(calendar, now, hours, words):
    with pytest.raises(CalendarInvalid, match=words):
        revise(calendar, now, **hours)
    assert calendar.revisions.count() == 1


def test_equal_revisions_share_a_schedule(calendar, now):
    other = create_calendar(
        slug="branch",
        name="Branch",
        zone="Europe/Berlin",
        week=WEEK,
        country="DE",
        region="BE",
        now=now,
        actor=None,
    )
    assert current_revision(other.pk).schedule is current_revision(calendar.pk).schedule


def test_without_a_country_no_holidays_are_looked_up(monkeypatch, calendar, now):
    monkeypatch.setitem(sys.modules, "holidays", None)
    calendars._schedule.cache_clear()
    assert revise(calendar, now, country="", region="").schedule.holidays == frozenset()


def test_country_whose_holidays_follow_the_moon_is_known_without_a_warning(now):
    """India's that follow the moon are settled until 2035; its fixed ones are known beyond."""
    known = set(calendars.public_holidays("IN", "", now.year))
    assert {date(2027, 1, 26), date(2041, 1, 26)} <= known
