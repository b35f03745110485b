"""What holds for people without asking the database."""

from functools import cache
from zoneinfo import available_timezones

NOT_PLACES = frozenset({"Factory", "localtime", "posixrules"})
MOST = 2**63 - 1
"""The largest number that a column of ids takes."""


@cache
def time_zones() -> tuple[str, ...]:
    """Every name of the IANA data base that means the same on every machine, in order."""
    return tuple(sorted(available_timezones() - NOT_PLACES))


def find_time_zone(text: str) -> str | None:
    """The zone somebody means who types its name in any case, or only its city: `europe/berlin`, `rome`.

    None for a text that names no zone or more than one.
    """
    wanted = text.strip().replace(" ", "_").casefold()
    named = [zone for zone in time_zones() if zone.casefold() == wanted]
    called = named or [zone for zone in time_zones() if zone.casefold().endswith(f"/{wanted}")]
    return called[0] if len(called) == 1 else None


def normal_email(text: str) -> str:
    """An address as it is kept: people type it in any case, with spaces around it."""
    return text.strip().lower()


def whole_number(text: str | None) -> int | None:
    """The number from 0 to `MOST` that somebody wrote in plain digits, such as an id in an address.

    None for anything else: `str.isdigit` lets “²” through, which `int` refuses, as it does some thousand digits.
    """
    if not text or not (text.isascii() and text.isdigit()) or len(text) > len(str(MOST)):
        return None
    number = int(text)
    return number if number <= MOST else None
