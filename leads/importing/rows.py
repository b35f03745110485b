"""From the cells of a row to the item that `upsert_leads` takes."""

from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, ngettext
from msgspec import UNSET

from leads.importing.dates import read_date
from leads.importing.mapping import OF_COMPANY, ColumnUse, Mapping
from leads.importing.places import read_country
from leads.importing.reading import Row
from leads.importing.targets import ATTRIBUTE, TARGETS
from leads.importing.values import BadCell, read_amount, read_boolean, read_consent, read_count
from leads.importing.words import MISSING
from leads.services.items import CompanyItem, LeadItem, RefItem

FORMULA = frozenset("=+-@\t\r")
"""What a spreadsheet would calculate, if a cell began with it."""

TARGET_OF_PATH = {
    "external_ref": "external_id",
    "external_ref.id": "external_id",
    "external_ref.system": "external_id",
    "company": "company.name",
}
STANDS_FOR = {
    "first_name": ("full_name",),
    "last_name": ("full_name",),
    "email": ("external_id",),
    "company.name": ("company.domain",),
    "email_consent": ("email_opt_out",),
}
"""Which other columns fill a field."""


@dataclass(frozen=True)
class CellProblem:
    """What is wrong, or odd, with a cell of a row. `column` is its heading; empty for the row as a whole."""

    column: str
    reason: str


@dataclass
class MadeRow:
    """A row made into an item; no item where it cannot be taken."""

    row: Row
    item: LeadItem | None = None
    errors: list[CellProblem] = field(default_factory=list)
    warnings: list[CellProblem] = field(default_factory=list)


@dataclass(frozen=True)
class _Column:
    index: int
    header: str
    target: str
    read: Callable[[str], Any]


class RowMaker:
    """Makes items of the rows of one file. `owners` are the e-mail addresses of the portal's people, by name
    and by address, both folded.
    """

    def __init__(self, mapping: Mapping, headers: Sequence[str], owners: MappingType[str, str]) -> None:
        self.mapping = mapping
        self.width = len(headers)
        self.index_of = {header: index for index, header in enumerate(headers)}
        self.owners = owners
        self.missing = MISSING | set(mapping.missing)
        uses = mapping.uses()
        self.columns = [
            _Column(index, header, uses[header].field, _reader(mapping, uses[header]))
            for index, header in enumerate(headers)
            if header in uses
        ]
        self.header_of = {column.target: column.header for column in self.columns}
        self.constants = [
            _Column(-1, "", target, _reader(mapping, ColumnUse(target)))
            for target, value in mapping.constants.items()
            if value
        ]

    def make(self, row: Row) -> MadeRow:
        made = MadeRow(row)
        if row.problem:
            made.errors.append(CellProblem("", row.problem))
            return made
        self._check_width(made)
        values = self._values(made)
        if not made.errors:
            made.item = self._item(values, made)
        return made

    def header_for(self, path: str) -> str:
        """The heading of the column behind a field that `upsert_leads` speaks of, like "company.country"."""
        target = TARGET_OF_PATH.get(path, path)
        found = (self.header_of.get(name) for name in (target, *STANDS_FOR.get(target, ())))
        return next(filter(None, found), "")

    def cell(self, row: Row, header: str) -> str:
        """The cell under a heading; empty where the file has no such column."""
        index = self.index_of.get(header, len(row.cells))
        return row.cells[index] if index < len(row.cells) else ""

    def _check_width(self, made: MadeRow) -> None:
        count = len(made.row.cells)
        if count > self.width and any(cell.strip() for cell in made.row.cells[self.width :]):
            made.errors.append(
                CellProblem(
                    "",
                    gettext(
                        "The row has %(count)s cells, the headings are %(width)s: put quotation marks around "
                        "cells that hold a delimiter."
                    )
                    % {"count": count, "width": self.width},
                )
            )
        elif count < self.width:
            short = self.width - count
            made.warnings.append(
                CellProblem(
                    "",
                    ngettext(
                        "The row lacks its last cell, which was taken as empty.",
                        "The row lacks its last %(short)s cells, which were taken as empty.",
                        short,
                    )
                    % {"short": short},
                )
            )

    def _values(self, made: MadeRow) -> dict[str, Any]:
        """Target → value; empty cells are left out, then filled by the constants."""
        values: dict[str, Any] = {}
        cells = made.row.cells
        for column in self.columns:
            text = cells[column.index].strip() if column.index < len(cells) else ""
            if text in self.missing:
                continue
            try:
                values[column.target] = column.read(unguarded(text))
            except BadCell as bad:
                made.errors.append(CellProblem(column.header, str(bad)))
        for constant in self.constants:
            if constant.target not in values:
                values[constant.target] = constant.read(self.mapping.constants[constant.target])
        return values

    def _item(self, values: dict[str, Any], made: MadeRow) -> LeadItem | None:
        external_id = values.get("external_id")
        if not values.get("email") and not external_id:
            wanted = [self.header_of[key] for key in ("email", "external_id") if key in self.header_of]
            made.errors.append(
                CellProblem(
                    wanted[0], gettext("This cell is empty, so nobody knows which lead the row is about.")
                )
            )
            return None
        attributes = {
            target.removeprefix(ATTRIBUTE): value
            for target, value in values.items()
            if target.startswith(ATTRIBUTE)
        }
        return LeadItem(
            external_ref=RefItem(self.mapping.system, external_id) if external_id else None,
            company=self._company(values, made),
            attributes=attributes or UNSET,
            owner=self._owner(values, made),
            **_names(values),
            **_consent(values),
            **{name: values[name] for name in PLAIN if name in values},
        )

    def _company(self, values: dict[str, Any], made: MadeRow) -> Any:
        """A company is known by its domain or its name; what else is said of it cannot be kept without."""
        name, domain = values.get("company.name"), values.get("company.domain")
        if name or domain:
            return CompanyItem(
                name=name or UNSET,
                domain=domain or UNSET,
                industry=values.get("company.industry", UNSET),
                employees=values.get("company.employees", UNSET),
                country=values.get("company.country", UNSET),
            )
        lost = [
            self.header_of[target]
            for target in sorted(OF_COMPANY)
            if target in values and target in self.header_of
        ]
        if lost:
            reason = gettext("The row names no company, so this was left out.")
            made.warnings += [CellProblem(header, reason) for header in lost]
        return UNSET

    def _owner(self, values: dict[str, Any], made: MadeRow) -> Any:
        given = values.get("owner")
        if given is None:
            return UNSET
        found = self.owners.get(given.casefold())
        if found is None:
            made.warnings.append(
                CellProblem(
                    self.header_of.get("owner", ""),
                    gettext("Nobody here is “%(owner)s”; the lead was imported without this owner.")
                    % {"owner": given[:80]},
                )
            )
            return UNSET
        return found


PLAIN = (
    *("email", "first_name", "last_name", "job_title", "phone", "source", "time_zone", "do_not_call"),
    *("created_at", "mql_at", "sql_at", "won_at", "lost_at", "value"),
)


def _reader(mapping: Mapping, use: ColumnUse) -> Callable[[str], Any]:
    kind = TARGETS[use.field].kind if use.field in TARGETS else "attribute"
    if kind == "date":
        zone = ZoneInfo(use.time_zone or mapping.time_zone)
        return partial(read_date, zone=zone, order=use.date_order or mapping.date_order)
    if kind == "boolean":
        return partial(read_boolean, yes=mapping.yes_words(), no=mapping.no_words())
    if kind == "consent":
        return partial(read_consent, yes=mapping.yes_words(), no=mapping.no_words())
    if kind == "money":
        return partial(read_amount, mark=mapping.decimal_mark)
    if kind == "count":
        return partial(read_count, mark=mapping.decimal_mark)
    return read_country if kind == "country" else str


def unguarded(text: str) -> str:
    """A cell as it was before the error file guarded it against being calculated."""
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in FORMULA else text


def guarded(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in FORMULA and text else text


def _names(values: dict[str, Any]) -> dict[str, Any]:
    full = values.get("full_name")
    if full is None:
        return {}
    first, _, last = full.rpartition(" ")
    return {"first_name": first.strip(), "last_name": last}


def _consent(values: dict[str, Any]) -> dict[str, Any]:
    """Opting out withdraws consent; not having opted out says nothing."""
    if values.get("email_opt_out"):
        return {"email_consent": "withdrawn"}
    return {"email_consent": values["email_consent"]} if "email_consent" in values else {}
