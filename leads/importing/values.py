"""From the text of a cell to a value. Pure; every reader raises `BadCell` with words for whoever mends the
file.
"""

import re
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext

from leads.importing.words import GIVEN, NO, UNKNOWN, WITHDRAWN, YES

_AMOUNT = {
    ".": re.compile(r"-?(\d{1,3}([,'’ \u00a0\u202f]\d{3})+|\d+)(\.\d+)?"),
    ",": re.compile(r"-?(\d{1,3}([.'’ \u00a0\u202f]\d{3})+|\d+)(,\d+)?"),
}
_CURRENCY = re.compile(r"^(?:[A-Za-z]{1,3}\$?|[$€£¥₹])\s*|\s*(?:[A-Za-z]{2,3}|[$€£¥₹])$")
LONGEST_NUMBER = 60
"""Characters. What is longer is in the wrong column; Python makes no number of endless digits, and patterns
would walk over an endless cell again and again.
"""
_RANGE = re.compile(r"(?P<low>[\d.,'’ ]+?)\s*(?:-|–|to|bis|a|à)\s*[\d.,'’ ]+")


class BadCell(ValueError):
    """The cell is no such value; the message says why."""


def read_boolean(text: str, yes: frozenset[str] = YES, no: frozenset[str] = NO) -> bool:
    word = text.casefold()
    if word in yes:
        return True
    if word in no:
        return False
    raise BadCell(
        gettext("“%(text)s” is neither yes nor no. Say in “Dates, numbers, yes and no” what it means.")
        % {"text": text[:40]}
    )


def read_consent(text: str, yes: frozenset[str] = YES, no: frozenset[str] = NO) -> str:
    """One of the words of `leads.models.Consent`."""
    word = text.casefold()
    if word in yes or word in GIVEN:
        return "given"
    if word in no or word in WITHDRAWN:
        return "withdrawn"
    if word in UNKNOWN:
        return "unknown"
    raise BadCell(
        gettext("“%(text)s” does not say whether the lead consented to e-mail.") % {"text": text[:40]}
    )


def read_amount(text: str, mark: str = ".") -> Decimal:
    """Money or a number; `mark` is the decimal mark. Currency signs are passed over."""
    _refuse_long(text)
    plain = _CURRENCY.sub("", _CURRENCY.sub("", text))
    if not _AMOUNT[mark].fullmatch(plain):
        raise BadCell(
            gettext("“%(text)s” is not a number with “%(mark)s” as its decimal mark.")
            % {"text": text[:40], "mark": mark}
        )
    digits = re.sub(r"[^\d.,-]", "", plain).replace("." if mark == "," else ",", "").replace(mark, ".")
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise BadCell(gettext("“%(text)s” is not a number.") % {"text": text[:40]}) from None


def read_count(text: str, mark: str = ".") -> int:
    """A number of people; of "51-200" or "10,001+" the lower bound, so that nobody is made larger than they
    are.
    """
    _refuse_long(text)
    plain = re.sub(r"(?<=[\d+])\s*[^\W\d]+$", "", text).removesuffix("+").strip()
    found = _RANGE.fullmatch(plain)
    amount = read_amount(found["low"] if found else plain, mark)
    if amount != amount.to_integral_value():
        raise BadCell(gettext("“%(text)s” is not a whole number.") % {"text": text[:40]})
    return int(amount)


def _refuse_long(text: str) -> None:
    if len(text) > LONGEST_NUMBER:
        raise BadCell(gettext("“%(text)s” is not a number.") % {"text": f"{text[:40]}…"})


def decimal_mark(cells: list[str]) -> str | None:
    """The decimal mark, where the cells tell: the last mark of a number, unless three digits follow."""
    for cell in cells:
        if len(cell) > LONGEST_NUMBER:
            continue
        plain = _CURRENCY.sub("", _CURRENCY.sub("", cell))
        marks: list[str] = re.findall(r"[.,]", plain)
        tail = re.split(r"[.,]", plain)[-1]
        if marks and (len(set(marks)) == 2 or (len(marks) == 1 and len(tail) != 3)):
            return marks[-1]
    return None
