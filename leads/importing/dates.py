"""Dates and instants as files write them. Pure."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from django.utils.translation import gettext

from leads.importing.values import BadCell

DAY_FIRST, MONTH_FIRST = "day_first", "month_first"

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar enero janvier gennaio janeiro",
            "feb february februar febrero février fevrier febbraio fevereiro",
            "mar march märz maerz mrz marzo mars março",
            "apr april abril avril aprile",
            "may mai mayo maggio maio",
            "jun june juni junio juin giugno junho",
            "jul july juli julio juillet luglio julho",
            "aug august agosto août aout",
            "sep sept september septiembre septembre settembre setembro",
            "oct october okt oktober octubre octobre ottobre outubro",
            "nov november noviembre novembre novembro",
            "dec december dez dezember diciembre décembre decembre dicembre dezembro",
        ),
        start=1,
    )
    for name in names.split()
}
_TIME = (
    r"(?:[\sT,]+(?:at\s+|um\s+)?(?P<hour>\d{1,2})[:h.](?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_NUMERIC = re.compile(
    r"(?P<a>\d{1,4})(?P<sep>[./-])\s?(?P<b>\d{1,2})[./-]\s?(?P<c>\d{1,4})" + _TIME, re.IGNORECASE
)
_DAY_NAMED = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?[\s./-]+(?:de\s+)?(?P<month>[^\W\d]+)\.?[\s./,-]+(?:de\s+)?(?P<year>\d{4}|\d{2})"
    + _TIME,
    re.IGNORECASE,
)
_MONTH_NAMED = re.compile(
    r"(?P<month>[^\W\d]+)\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s,]+(?P<year>\d{4})" + _TIME, re.IGNORECASE
)
_WEEKDAY = re.compile(r"^[^\W\d]{2,10}\.?,\s+")
_SERIAL = re.compile(r"[1-9]\d{4}(\.\d+)?")
_EPOCH = re.compile(r"\d{10}(\d{3})?")
EXCEL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  a wall clock's, as Excel's are


def read_date(text: str, zone: tzinfo, order: str = DAY_FIRST) -> datetime:
    """An instant in UTC. A date alone is the first moment of that day in `zone`; so are times without a zone
    read.

    A wall clock's hour that a daylight-saving change leaves out counts on from the hour before.
    """
    try:
        local = _iso(text) or _written(text, order) or _counted(text)
    except (ValueError, OverflowError):
        local = None
    if local is None:
        raise BadCell(gettext("“%(text)s” is not a date.") % {"text": text[:40]})
    try:
        return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise BadCell(gettext("“%(text)s” is not a date.") % {"text": text[:40]}) from None


def _iso(text: str) -> datetime | None:
    """The fast way for most files; digits alone are left to `_counted`."""
    if len(text) < 10 or text[4] != "-":
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _written(text: str, order: str) -> datetime | None:
    if found := _NUMERIC.fullmatch(text):
        year, month, day = _ymd(found, order)
    elif found := (_DAY_NAMED.fullmatch(text) or _MONTH_NAMED.fullmatch(_WEEKDAY.sub("", text))):
        month = MONTHS.get(found["month"].casefold(), 0)
        year, day = _full_year(found["year"]), int(found["day"])
    else:
        return None
    return datetime(year, month, day, tzinfo=_zone(found["zone"])) + _time(found)


def _ymd(found: re.Match[str], order: str) -> tuple[int, int, int]:
    a, b, c = found["a"], int(found["b"]), found["c"]
    if len(a) > 2:
        return int(a), b, int(c)
    is_day_first = order == DAY_FIRST or found["sep"] == "."
    day, month = (int(a), b) if is_day_first else (b, int(a))
    return _full_year(c), month, day


def _full_year(text: str) -> int:
    """Two digits as POSIX reads them: 69 to 99 are of the last century."""
    year = int(text)
    if len(text) > 2:
        return year
    return year + (2000 if year < 69 else 1900)


def _time(found: re.Match[str]) -> timedelta:
    if not found["hour"]:
        return timedelta()
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if half := (found["half"] or "").lower()[:1]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError
    part = int((found["part"] or "0").ljust(6, "0")[:6])
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=part)


def _zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text[0] not in "+-":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def _counted(text: str) -> datetime | None:
    """Days since Excel's zero, or seconds or milliseconds since 1970."""
    if _SERIAL.fullmatch(text):
        return EXCEL_ZERO + timedelta(days=float(text))
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
    return None


def date_order(cells: list[str]) -> str | None:
    """Whether 03/04 is 3 April or 4 March, where the cells tell; else none."""
    for cell in cells:
        found = _NUMERIC.fullmatch(cell)
        if not found or len(found["a"]) > 2 or found["sep"] == ".":
            continue
        if int(found["a"]) > 12 >= int(found["b"]):
            return DAY_FIRST
        if int(found["b"]) > 12 >= int(found["a"]):
            return MONTH_FIRST
    return None


def is_ambiguous_date(text: str) -> bool:
    """A date that is another one when day and month change places."""
    found = _NUMERIC.fullmatch(text)
    return bool(
        found
        and len(found["a"]) <= 2
        and found["sep"] != "."
        and found["a"].lstrip("0") != found["b"].lstrip("0")
    )
