"""The period of a goal as people say it: `this_quarter`. Pure."""

from datetime import date, timedelta

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class UnknownPeriod(ValueError):
    """The word names no period."""


WORDS = tuple(f"{which}_{unit}" for unit in _MONTHS for which in ("this", "next"))


def resolve_period(word: str, today: date) -> tuple[date, date]:
    """The first and last day of a calendar month, quarter or year. Raises `UnknownPeriod`."""
    if word not in WORDS:
        raise UnknownPeriod(word)
    which, unit = word.split("_")
    months = _MONTHS[unit]
    first = (today.year * 12 + today.month - 1) // months * months
    if which == "next":
        first += months
    return _first_of(first), _first_of(first + months) - timedelta(days=1)


def _first_of(month: int) -> date:
    """The first day of a month counted from the year 0."""
    return date(month // 12, month % 12 + 1, 1)
