"""What the columns of a file probably are: by their headings in several languages, then by what they hold."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC

from leads.countries import COUNTRIES
from leads.importing.dates import date_order, is_ambiguous_date, read_date
from leads.importing.headers import ERROR_COLUMNS, normal, slug
from leads.importing.synonyms import SYNONYMS, SYSTEMS
from leads.importing.targets import ATTRIBUTE, LEAVE_OUT, TARGETS
from leads.importing.values import BadCell, decimal_mark

EMAIL = re.compile(r"[^@\s;,<>]+@[^@\s;,<>]+\.[^@\s;,<>]{2,}")
DOMAIN = re.compile(r"(?:https?://)?(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/?", re.IGNORECASE)
PHONE = re.compile(r"(?=(?:\D*\d){7})\+?[\d\s()/.-]{7,25}")
DATE_MARK = re.compile(r"\d[./-]\d")
NUMBER = re.compile(r"[-+]?[\d.,]*\d")
MOST = 0.8
"""The share of a column's cells that must look alike."""


@dataclass(frozen=True)
class Guess:
    """Target by heading, and what else a mapping says. `order` is none where the dates do not tell; then
    `ambiguous_date` is one that may be read both ways, if there is any.
    """

    columns: dict[str, str]
    system: str
    order: str | None
    ambiguous_date: str
    mark: str | None


OUTCOMES = ("won", "lost")
"""A column headed so may hold the day, or yes and no."""


def looks_like_headings(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Known headings settle it; values settle the contrary; otherwise a file has headings."""
    names = [cell.strip() for cell in first if cell.strip()]
    if any(normal(name) in SYNONYMS or name in ERROR_COLUMNS for name in names):
        return True
    if any(EMAIL.fullmatch(name) or NUMBER.fullmatch(name) or _is_date(name) for name in names):
        return False
    return len(set(names)) == len(names) or not rest


def _is_date(text: str) -> bool:
    try:
        read_date(text, UTC)
    except BadCell:
        return False
    return any(char.isdigit() for char in text)


def guess(headers: Sequence[str], sample: Sequence[Sequence[str]]) -> Guess:
    """A target for every column: what nothing is known of becomes an attribute, what is empty is left out."""
    cells = {header: _cells(sample, index) for index, header in enumerate(headers)}
    columns: dict[str, str] = {}
    for header, target in _by_name(headers):
        if target in TARGETS and target in columns.values():
            continue
        if header.casefold() in OUTCOMES and cells[header] and not any(map(_is_date, cells[header])):
            continue
        columns[header] = target
    if {"first_name", "last_name"} & set(columns.values()):
        columns = {header: target for header, target in columns.items() if target != "full_name"}
    for target, fits in BY_CONTENT.items():
        if target not in columns.values():
            alike = [header for header in headers if header not in columns and _mostly(cells[header], fits)]
            columns |= dict.fromkeys(alike[:1], target)
    if not {"company.name", "company.domain"} & set(columns.values()):
        columns = {header: target for header, target in columns.items() if not target.startswith("company.")}
    attributes = _attributes(headers, columns, cells)
    dates = [cell for header, target in columns.items() if _kind(target) == "date" for cell in cells[header]]
    amounts = [
        cell
        for header, target in columns.items()
        if _kind(target) in ("money", "count")
        for cell in cells[header]
    ]
    order = date_order(dates)
    return Guess(
        columns={header: columns.get(header, attributes.get(header, LEAVE_OUT)) for header in headers},
        system=_system(headers) if "external_id" in columns.values() else "",
        order=order,
        ambiguous_date="" if order else next(filter(is_ambiguous_date, dates), ""),
        mark=decimal_mark(amounts),
    )


def _cells(sample: Sequence[Sequence[str]], index: int) -> list[str]:
    return [row[index].strip() for row in sample if len(row) > index and row[index].strip()]


def _kind(target: str) -> str:
    return TARGETS[target].kind if target in TARGETS else ""


def _by_name(headers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Headings that are known, the surest spellings first, so that "Email" comes before "Work email"."""
    known = [(SYNONYMS[normal(header)], header) for header in headers if normal(header) in SYNONYMS]
    for (_rank, target), header in sorted(known, key=lambda pair: pair[0][0]):
        yield header, target
    for header in headers:
        if header in ERROR_COLUMNS:
            yield header, LEAVE_OUT


def _is_phone(cell: str) -> bool:
    """A number that is dialled, and no date such as 05.03.2026. (Without its dots a date is a mere number, as
    phones are.)
    """
    if not (PHONE.fullmatch(cell) and cell.startswith(("+", "0", "("))):
        return False
    return not (DATE_MARK.search(cell) and _is_date(cell))


def _mostly(cells: list[str], fits: Callable[[str], object]) -> bool:
    return bool(cells) and sum(bool(fits(cell)) for cell in cells) >= MOST * len(cells)


BY_CONTENT: dict[str, Callable[[str], object]] = {
    "email": EMAIL.fullmatch,
    "company.country": lambda cell: cell in COUNTRIES,
    "company.domain": DOMAIN.fullmatch,
    "phone": _is_phone,
}


def _attributes(
    headers: Sequence[str], columns: dict[str, str], cells: dict[str, list[str]]
) -> dict[str, str]:
    taken: set[str] = set()
    attributes: dict[str, str] = {}
    for header in headers:
        if header in columns or not cells[header]:
            continue
        name = plain = slug(header)
        again = 2
        while name in taken:
            name, again = f"{plain}_{again}", again + 1
        taken.add(name)
        attributes[header] = f"{ATTRIBUTE}{name}"
    return attributes


def _system(headers: Sequence[str]) -> str:
    names = {normal(header) for header in headers}
    return next((system for system, telling in SYSTEMS.items() if names & telling), "")
