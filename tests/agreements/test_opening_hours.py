"""The JSON form of a calendar: what it reads, what it writes, what it refuses and how it says so."""

from __future__ import annotations

from datetime import date

import pytest

from agreements.business_time import Schedule, ScheduleError, Slot

CLOSED: tuple[Slot, ...] = ()
OFFICE = {
    "zone": "Europe/Berlin",
    "week": {"mon": [["09:00", "12:30"], ["13:30", "18:00"]], "sat": [["20:00", "24:00"]]},
    "holidays": ["2026-12-25", "2027-01-01"],
}


def test_from_dict_reads_slots_in_minutes() -> None:
    schedule = Schedule.from_dict(OFFICE)
    monday, saturday = (Slot(540, 750), Slot(810, 1080)), (Slot(1200, 1440),)
    assert schedule == Schedule(
        "Europe/Berlin",
        (monday, CLOSED, CLOSED, CLOSED, CLOSED, saturday, CLOSED),
        frozenset({date(2026, 12, 25), date(2027, 1, 1)}),
    )


def test_to_dict_writes_what_from_dict_reads() -> None:
    assert Schedule.from_dict(OFFICE).to_dict() == OFFICE


def test_to_dict_puts_slots_and_holidays_in_order() -> None:
    disordered = {
        "zone": "Europe/Berlin",
        "week": {"sat": [["20:00", "24:00"]], "mon": [["13:30", "18:00"], ["9:00", "12:30"]], "sun": []},
        "holidays": ["2027-01-01", "2026-12-25", "2027-01-01"],
    }
    assert Schedule.from_dict(disordered).to_dict() == OFFICE


def test_always_has_its_own_form() -> None:
    schedule = Schedule.from_dict({"zone": "UTC", "always": True})
    assert schedule == Schedule.always("UTC")
    assert schedule.to_dict() == {"zone": "UTC", "always": True, "holidays": []}
    assert Schedule.from_dict(schedule.to_dict()) == schedule


def test_always_takes_holidays() -> None:
    form = {"zone": "UTC", "always": True, "holidays": ["2026-12-25"]}
    assert Schedule.from_dict(form) == Schedule.always("UTC", [date(2026, 12, 25)])
    assert Schedule.from_dict(form).to_dict() == form


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"zone": "Europe/Berlyn"},
            "“Europe/Berlyn” is not a time zone: write for example “Europe/Berlin” or “UTC”.",
        ),
        ({"zone": "Europe"}, "“Europe” is not a time zone: write for example “Europe/Berlin” or “UTC”."),
        ({"zone": ""}, "“” is not a time zone: write for example “Europe/Berlin” or “UTC”."),
        (
            {"zone": "../../etc/passwd"},
            "“../../etc/passwd” is not a time zone: write for example “Europe/Berlin” or “UTC”.",
        ),
        ({"zone": None}, "The calendar needs a time zone, for example “Europe/Berlin”."),
        ({"always": True}, "The calendar needs either a “week” or “always”: true."),
        ({"always": "yes"}, "The calendar needs either a “week” or “always”: true."),
        (
            {"hollidays": []},
            "“hollidays” means nothing in a calendar here; known are zone, week, always, holidays.",
        ),
        ({"week": []}, "“week” is an object from weekdays (“mon” to “sun”) to lists of slots."),
        ({"week": {}}, "The calendar never opens: give at least one day opening hours."),
        ({"week": {"mon": []}}, "The calendar never opens: give at least one day opening hours."),
        (
            {"week": {"monday": [["09:00", "17:00"]]}},
            "“monday” means nothing in a calendar here; known are mon, tue, wed, thu, fri, sat, sun.",
        ),
        (
            {"week": {"mon": "09:00-17:00"}},
            "Monday: give a list of slots such as [[“09:00”, “12:30”]].",
        ),
        ({"week": {"mon": ["09:00", "17:00"]}}, "Monday: a slot is a pair such as [“09:00”, “12:30”]."),
        (
            {"week": {"tue": [["09:00", "24:01"]]}},
            "Tuesday: “24:01” is not a time of day from 00:00 to 24:00.",
        ),
        ({"week": {"tue": [["9", "17:00"]]}}, "Tuesday: “9” is not a time of day from 00:00 to 24:00."),
        (
            {"week": {"tue": [["09:60", "17:00"]]}},
            "Tuesday: “09:60” is not a time of day from 00:00 to 24:00.",
        ),
        ({"week": {"tue": [[9, 17]]}}, "Tuesday: “9” is not a time of day from 00:00 to 24:00."),
        (
            {"week": {"wed": [["22:00", "06:00"]]}},
            "Wednesday: 22:00–06:00 does not close after it opens. "
            "A shift past midnight is two slots: one up to 24:00, one from 00:00 of the next day.",
        ),
        (
            {"week": {"thu": [["13:00", "18:00"], ["09:00", "13:01"]]}},
            "Thursday: 09:00–13:01 and 13:00–18:00 overlap.",
        ),
        ({"holidays": ["2026-02-30"]}, "“2026-02-30” is not a date: write for example “2026-12-25”."),
        ({"holidays": [20261225]}, "“20261225” is not a date: write for example “2026-12-25”."),
        ({"holidays": "2026-12-25"}, "“holidays” is a list of dates such as “2026-12-25”."),
    ],
)
def test_a_malformed_calendar_is_refused_in_words(change: dict[str, object], message: str) -> None:
    with pytest.raises(ScheduleError) as refusal:
        Schedule.from_dict(OFFICE | change)
    assert str(refusal.value) == message


@pytest.mark.parametrize("form", [None, [], "Europe/Berlin"])
def test_a_calendar_is_an_object(form: object) -> None:
    with pytest.raises(ScheduleError, match="A calendar is an object"):
        Schedule.from_dict(form)


def test_neither_week_nor_always_is_refused() -> None:
    with pytest.raises(ScheduleError, match="either a “week” or “always”"):
        Schedule.from_dict({"zone": "UTC"})


def test_a_week_of_six_days_is_refused() -> None:
    with pytest.raises(ScheduleError, match="seven days"):
        Schedule("UTC", ((Slot(0, 60),),) * 6)


def test_adjoining_slots_do_not_overlap() -> None:
    week = {"mon": [["09:00", "12:00"], ["12:00", "17:00"]]}
    assert Schedule.from_dict({"zone": "UTC", "week": week}).week[0] == (Slot(540, 720), Slot(720, 1020))


def test_a_refusal_speaks_the_readers_language() -> None:
    german = {
        "%(day)s: %(earlier)s and %(later)s overlap.": "%(day)s: %(earlier)s schneidet %(later)s.",
        "Thursday": "Donnerstag",
        "The calendar never opens: give at least one day opening hours.": "Der Kalender öffnet nie.",
    }
    with pytest.raises(ScheduleError) as overlap:
        Schedule.from_dict(OFFICE | {"week": {"thu": [["09:00", "13:00"], ["12:00", "18:00"]]}})
    with pytest.raises(ScheduleError) as never:
        Schedule.from_dict(OFFICE | {"week": {}})
    assert overlap.value.in_words(german.__getitem__) == "Donnerstag: 09:00–13:00 schneidet 12:00–18:00."
    assert never.value.in_words(german.__getitem__) == "Der Kalender öffnet nie."
