"""How the columns of a file become fields of leads: written by the page, by hand in YAML, or remembered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import available_timezones

import msgspec
from django.utils.translation import gettext

from leads.importing.dates import DAY_FIRST
from leads.importing.guessing import guess
from leads.importing.headers import ERROR_COLUMNS, normal
from leads.importing.inspection import DELIMITERS, Findings
from leads.importing.targets import CONSTANTS, KEYS, LEAVE_OUT, target_of
from leads.importing.words import NO, YES

LONGEST_SYSTEM = 60
OF_COMPANY = frozenset({"company.industry", "company.employees", "company.country"})
DateOrder = Literal["day_first", "month_first"]


class ColumnUse(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A column whose dates are written otherwise than the file's others."""

    field: str
    time_zone: str = ""
    date_order: DateOrder | None = None


class FileUse(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How the file is read; what is left out is found out."""

    encoding: str = ""
    delimiter: str = ""
    has_header: bool | None = None


class Mapping(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """`columns`: heading → target, with nothing for a column that is left out; columns not named are left out
    too.

    `time_zone` and `date_order` hold for dates without a zone and for dates such as 03/04/2026. `constants`
    fill the cells that are empty or have no column. `missing` are words that mean nothing is known.
    """

    columns: dict[str, str | ColumnUse | None]
    system: str = ""
    constants: dict[str, str] = {}
    time_zone: str = "UTC"
    date_order: DateOrder = DAY_FIRST  # type: ignore[assignment]
    decimal_mark: Literal[".", ","] = "."
    yes: list[str] = []
    no: list[str] = []
    missing: list[str] = []
    file: FileUse | None = None

    def uses(self) -> dict[str, ColumnUse]:
        """The columns that are imported."""
        plain = {
            header: ColumnUse(use) if isinstance(use, str) else use for header, use in self.columns.items()
        }
        return {header: use for header, use in plain.items() if use and use.field != LEAVE_OUT}

    def yes_words(self) -> frozenset[str]:
        """The words of this file win over those known everywhere."""
        return (YES - _folded(self.no)) | _folded(self.yes)

    def no_words(self) -> frozenset[str]:
        return (NO - _folded(self.yes)) | _folded(self.no)


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in words)


@dataclass(frozen=True)
class MappingProblem:
    """`column` is a heading, a setting's name ("system"), or empty."""

    column: str
    reason: str


class BadMapping(Exception):
    """The mapping cannot be used for this file."""

    def __init__(self, problems: Sequence[MappingProblem]) -> None:
        super().__init__(" ".join(f"{p.column}: {p.reason}" if p.column else p.reason for p in problems))
        self.problems = list(problems)


def read_mapping(data: Any) -> Mapping:
    """From YAML or JSON as parsed. Raises `BadMapping`."""
    try:
        return msgspec.convert(data, Mapping)
    except msgspec.ValidationError as error:
        raise BadMapping(
            [MappingProblem("", gettext("The mapping cannot be read: %(error)s.") % {"error": error})]
        ) from None


def as_data(mapping: Mapping) -> dict[str, Any]:
    """For JSON; `read_mapping` reads it back."""
    data: dict[str, Any] = msgspec.to_builtins(mapping)
    return data


def guess_mapping(findings: Findings, *, time_zone: str) -> tuple[Mapping, str]:
    """The likely mapping of a file, and a date in it whose day and month may have to change places, if any."""
    found = guess(findings.headers, [row.cells for row in findings.sample])
    mapping = Mapping(columns=dict(found.columns), system=found.system, time_zone=time_zone)
    if found.order:
        mapping.date_order = found.order  # type: ignore[assignment]
    if found.mark:
        mapping.decimal_mark = found.mark  # type: ignore[assignment]
    return mapping, found.ambiguous_date


def check_mapping(mapping: Mapping, headers: Sequence[str]) -> list[MappingProblem]:
    """Everything that keeps a file with these headings from being imported so; empty if nothing does."""
    uses = mapping.uses()
    return [
        *_absent(uses, headers),
        *_targets(uses),
        *_keys(mapping, {use.field for use in uses.values()}),
        *_settings(mapping),
    ]


def _absent(uses: dict[str, ColumnUse], headers: Sequence[str]) -> list[MappingProblem]:
    absent = [header for header in uses if header not in headers]
    if not absent:
        return []
    return [
        MappingProblem(
            "",
            gettext("The file lacks columns that the mapping names: %(absent)s. It has: %(headers)s.")
            % {"absent": ", ".join(absent), "headers": ", ".join(headers)},
        )
    ]


def _targets(uses: dict[str, ColumnUse]) -> list[MappingProblem]:
    problems = []
    taken: dict[str, str] = {}
    for header, use in uses.items():
        if target_of(use.field) is None:
            reason = gettext("There is no field “%(field)s”.") % {"field": use.field}
            problems.append(MappingProblem(header, reason))
        elif use.field in taken:
            reason = gettext("“%(other)s” fills this field already. Leave one of the two out.")
            problems.append(MappingProblem(header, reason % {"other": taken[use.field]}))
        else:
            taken[use.field] = header
        if use.time_zone and use.time_zone not in available_timezones():
            problems.append(MappingProblem(header, _no_zone(use.time_zone)))
    if OF_COMPANY & taken.keys() and not {"company.name", "company.domain"} & taken.keys():
        reason = gettext(
            "This belongs to a company: choose a column for the company’s name or domain too, or keep this "
            "one as an attribute."
        )
        problems += [MappingProblem(taken[field], reason) for field in sorted(OF_COMPANY & taken.keys())]
    if "full_name" in taken and {"first_name", "last_name"} & taken.keys():
        reason = gettext("Use either the full name or first and last name.")
        problems.append(MappingProblem(taken["full_name"], reason))
    return problems


def _keys(mapping: Mapping, fields: set[str]) -> list[MappingProblem]:
    if not fields & KEYS:
        return [
            MappingProblem(
                "",
                gettext(
                    "No column says who a lead is. Choose “E-mail” for one, or “Id in another system” where "
                    "there are no addresses."
                ),
            )
        ]
    if "external_id" in fields and not mapping.system.strip():
        return [
            MappingProblem("system", gettext("Name the system that these ids come from, such as hubspot."))
        ]
    return []


def _settings(mapping: Mapping) -> list[MappingProblem]:
    problems = []
    if len(mapping.system) > LONGEST_SYSTEM:
        problems.append(
            MappingProblem("system", gettext("At most %(most)s characters.") % {"most": LONGEST_SYSTEM})
        )
    if mapping.time_zone not in available_timezones():
        problems.append(MappingProblem("time_zone", _no_zone(mapping.time_zone)))
    problems += [
        MappingProblem(
            "constants", gettext("“%(field)s” cannot be the same for every row.") % {"field": field}
        )
        for field in mapping.constants
        if field not in CONSTANTS
    ]
    if both := _folded(mapping.yes) & _folded(mapping.no):
        reason = gettext("“%(word)s” cannot mean both yes and no.") % {"word": min(both)}
        problems.append(MappingProblem("yes", reason))
    delimiter = mapping.file.delimiter if mapping.file else ""
    if delimiter and delimiter not in DELIMITERS:
        problems.append(MappingProblem("file", gettext("The delimiter is one of “,”, “;”, “|” and a tab.")))
    return problems


def _no_zone(name: str) -> str:
    return gettext("There is no time zone “%(name)s”; write it like Europe/Berlin.") % {"name": name}


@dataclass(frozen=True)
class Recalled:
    """A mapping used before, fitted to a file: what the file lacks now, and what it has besides."""

    mapping: Mapping
    absent: list[str]
    added: list[str]


def fit_remembered(remembered: Mapping, guessed: Mapping, headers: Sequence[str]) -> Recalled | None:
    """A mapping of a file with nearly these headings; none where less than half of all are in both."""
    known = {normal(header): header for header in remembered.columns}
    ours = {normal(header): header for header in headers if header not in ERROR_COLUMNS}
    both = known.keys() & ours.keys()
    if 2 * len(both) < len(known.keys() | ours.keys()) or not both:
        return None
    columns = {
        header: remembered.columns[known[normal(header)]]
        if normal(header) in both
        else guessed.columns.get(header)
        for header in headers
    }
    wanted = remembered.uses()
    return Recalled(
        mapping=msgspec.structs.replace(remembered, columns=_without_doubles(columns, both), file=None),
        absent=[header for key, header in known.items() if key not in both and header in wanted],
        added=[header for key, header in ours.items() if key not in both],
    )


def _without_doubles(
    columns: dict[str, str | ColumnUse | None], remembered: Iterable[str]
) -> dict[str, str | ColumnUse | None]:
    """A guess for a new column gives way where a remembered column fills the same field."""
    kept = set(remembered)
    taken = {
        use.field if isinstance(use, ColumnUse) else use
        for header, use in columns.items()
        if use and normal(header) in kept
    }
    return {
        header: use if normal(header) in kept or use not in taken else LEAVE_OUT
        for header, use in columns.items()
    }
