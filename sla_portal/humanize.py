"""Times, lengths, numbers and money as people say them. Pure, but for the language in force."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from math import ceil
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, ngettext, pgettext

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONGEST_COUNTED_DAYS = 60
"""How many days the page's own clock can say; beyond that a page that stays open keeps the server's words."""

Number = int | float | Decimal
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$"}


@dataclass(frozen=True)
class DueWords:
    """A due instant in words: `due in 1 h 12 min`, `Tue 14:30`, `Tuesday 24 November 2026, 14:30 CET`."""

    relative: str
    at: str
    exact: str
    is_late: bool

    def __str__(self) -> str:
        return f"{self.relative} · {self.at}"


def describe_due(due: datetime, now: datetime, tz: tzinfo) -> DueWords:
    """Say how far `due` is from `now` to someone in `tz`.

    What is left and what is late are both rounded down, so nobody is promised a minute that is not there;
    below a minute neither is ever zero.
    """
    is_late = now > due
    template = gettext("late by %(length)s") if is_late else gettext("due in %(length)s")
    return DueWords(
        relative=template % {"length": say_length(abs(due - now))},
        at=say_instant(due, now, tz),
        exact=say_exactly(due, tz),
        is_late=is_late,
    )


def say_length(length: timedelta) -> str:
    """`under a minute`, `40 min`, `1 h 12 min`, `3 days`; rounded down, for lengths of zero and more."""
    if length < MINUTE:
        return gettext("under a minute")
    if length >= DAY:
        return _say_days(length // DAY)
    hours, rest = divmod(length, HOUR)
    minutes = rest // MINUTE
    if not hours:
        return gettext("%(minutes)s min") % {"minutes": minutes}
    if not minutes:
        return gettext("%(hours)s h") % {"hours": hours}
    return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}


def say_measured(length: timedelta) -> str:
    """How long something took, rounded and not cut: `under a minute`, `1 h 12 min`, from a day on `1.5 days`."""
    if length < MINUTE:
        return say_length(length)
    length = MINUTE * round(length / MINUTE)
    if length < DAY:
        return say_length(length)
    tenths = _rounded(Decimal(length / DAY), 1)
    if tenths == tenths.to_integral_value():
        return _say_days(int(tenths))
    return ngettext("%(days)s day", "%(days)s days", ceil(tenths)) % {"days": say_number(tenths, 1)}


def _say_days(days: int) -> str:
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}


def say_instant(at: datetime, now: datetime, tz: tzinfo) -> str:
    """`Tue 14:30` within six days of today, `8 Dec 14:30` within the year, `8 Dec 2027` beyond."""
    local, today = at.astimezone(tz), now.astimezone(tz).date()
    if abs((local.date() - today).days) <= 6:
        return date_format(local, "D H:i")
    if local.year == today.year:
        return date_format(local, "j M H:i")
    return date_format(local, "j M Y")


def say_exactly(at: datetime, tz: tzinfo) -> str:
    """`Tuesday 24 November 2026, 14:30 CET`."""
    local = at.astimezone(tz)
    return f"{date_format(local, 'l j F Y, H:i')} {local.tzname()}"


def say_when(at: datetime, now: datetime, tz: tzinfo) -> str:
    """`just now`, `25 min ago`, `in 40 min`; from an hour `today 09:12`, `yesterday 16:10`, `Tue 14:30`."""
    if abs(at - now) < HOUR:
        return _say_minutes(at - now)
    return say_time_of_day(at, now, tz)


def say_time_of_day(at: datetime, now: datetime, tz: tzinfo) -> str:
    """`say_when` without its minutes: `today 09:12` even if that was a moment ago."""
    local = at.astimezone(tz)
    day_words = {
        -1: gettext("yesterday %(time)s"),
        0: gettext("today %(time)s"),
        1: gettext("tomorrow %(time)s"),
    }
    days = (local.date() - now.astimezone(tz).date()).days
    if days in day_words:
        return day_words[days] % {"time": date_format(local, "H:i")}
    return say_instant(at, now, tz)


def _say_minutes(ahead: timedelta) -> str:
    minutes = abs(ahead) // MINUTE
    if not minutes:
        return gettext("just now")
    template = gettext("in %(length)s") if ahead > timedelta(0) else gettext("%(length)s ago")
    return template % {"length": gettext("%(minutes)s min") % {"minutes": minutes}}


def say_day(at: datetime, now: datetime, tz: tzinfo) -> str:
    """A day of facts: `Today`, `Yesterday`, `Tuesday 17 November`, with the year if it is another."""
    day, today = at.astimezone(tz).date(), now.astimezone(tz).date()
    if day == today:
        return gettext("Today")
    if (today - day).days == 1:
        return gettext("Yesterday")
    return date_format(day, "l j F" if day.year == today.year else "l j F Y")


def say_number(value: Number | None, decimals: int = 0) -> str:
    """`1,204`, rounded half up to `decimals`; a dash for nothing."""
    if value is None:
        return "–"
    return number_format(_rounded(value, decimals), decimals, use_l10n=True, force_grouping=True)


def say_percent(share: Number | None, decimals: int = 0) -> str:
    """`93%` from the share 0.93; a dash for nothing."""
    if share is None:
        return "–"
    return pgettext("percentage", "%(number)s%%") % {
        "number": say_number(Decimal(str(share)) * 100, decimals)
    }


def say_money(amount: Number | None, currency: str, decimals: int = 0) -> str:
    """`€1,234,000`; the sign's place is a matter for the translation. A dash for nothing."""
    if amount is None:
        return "–"
    sign = "−" if amount < 0 else ""
    return sign + _with_symbol(say_number(abs(Decimal(str(amount))), decimals), currency)


def say_money_short(amount: Number | None, currency: str) -> str:
    """`€1.2M`, `€86k`, `€940`: three figures at most, for tiles and bars."""
    if amount is None:
        return "–"
    sign = "−" if amount < 0 else ""
    size = abs(Decimal(str(amount)))
    for unit, word in (
        (Decimal(10) ** 9, pgettext("billions", "%(number)sB")),
        (Decimal(10) ** 6, pgettext("millions", "%(number)sM")),
        (Decimal(10) ** 3, pgettext("thousands", "%(number)sk")),
    ):
        if size >= unit - unit / 2000:  # what rounds up to it is written in it
            scaled = size / unit
            return sign + _with_symbol(
                word % {"number": say_number(scaled, 1 if scaled < 10 else 0)}, currency
            )
    return sign + _with_symbol(say_number(size), currency)


def _with_symbol(number: str, currency: str) -> str:
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return pgettext("money", "%(symbol)s%(number)s") % {"symbol": symbol, "number": number}


def _rounded(value: Number, decimals: int) -> Decimal:
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def clock_words() -> dict[str, Any]:
    """The words `static/js/clock.js` counts with, so that page and server say the same in every language."""
    return {
        "late": gettext("late by %(length)s"),
        "due": gettext("due in %(length)s"),
        "ago": gettext("%(length)s ago"),
        "ahead": gettext("in %(length)s"),
        "now": gettext("just now"),
        "moment": gettext("under a minute"),
        "minutes": gettext("%(minutes)s min"),
        "hours": gettext("%(hours)s h"),
        "hoursMinutes": gettext("%(hours)s h %(minutes)s min"),
        "days": [_say_days(days) for days in range(1, LONGEST_COUNTED_DAYS + 1)],
    }
