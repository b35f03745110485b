"""A version's clauses as one document: in order, in plain data, hashed. Generic over every kind of clause."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from django.db import models
from django.utils.translation import gettext, override

from agreements.models import Clause, Component, Version, clause_models, kind_of
from agreements.spans import Span
from agreements.wording import document_language, fields_of, fill

AnyClause = TypeVar("AnyClause", bound=Clause)
Content = dict[str, Any]
"""A document as plain data; `export_version` shows its shape."""


@dataclass(frozen=True)
class Document:
    """The clauses of a version, ordered as people read them. Never mutate them: they are shared.

    `version` is as it was when the document was read; its state may have moved on since.
    """

    version: Version
    clauses: tuple[Clause, ...]

    @cached_property
    def by_key(self) -> Mapping[str, Clause]:
        return {clause.key: clause for clause in self.clauses}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What a sentence calls each clause: `“Standard response” (§4.5)`."""
        with override(document_language()):
            pattern = gettext("“%(title)s” (§%(reference)s)")
            return {
                clause.key: pattern % {"title": clause.title, "reference": clause.reference}
                for clause in self.clauses
            }

    @cached_property
    def _by_kind(self) -> Mapping[type[Clause], tuple[Clause, ...]]:
        return {
            model: tuple(clause for clause in self.clauses if type(clause) is model)
            for model in clause_models()
        }

    @cached_property
    def kinds(self) -> Mapping[str, tuple[Clause, ...]]:
        """The clauses by the name of their kind, for templates."""
        return {kind_of(model): clauses for model, clauses in self._by_kind.items()}

    def of(self, model: type[AnyClause]) -> tuple[AnyClause, ...]:
        """The clauses of one kind, in order."""
        return self._by_kind[model]  # type: ignore[return-value]

    def text(self, clause: Clause) -> str:
        """The clause's words, their placeholders filled and the clauses they refer to named."""
        return fill(clause, self.names)


def read_document(version: Version) -> Document:
    """Read all clauses: one query for each kind. Needs `version.agreement` to be loaded, else one more."""
    return Document(version, tuple(clauses_of(version)))


def clauses_of(version: Version) -> list[Clause]:
    """Every clause of a version, sorted by component and position."""
    rows = [clause for model in clause_models() for clause in model._default_manager.filter(version=version)]
    for clause in rows:
        clause.version = version
    return in_order(rows)


def in_order(clauses: Iterable[AnyClause]) -> list[AnyClause]:
    return sorted(clauses, key=lambda clause: (clause.component, clause.position))


# --- What else must hold ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a document, in the user's words.

    `key` is the clause's, empty for the document as a whole.
    """

    key: str
    field: str
    message: str
    line: int | None = None
    """In the file, where there is one."""

    def __str__(self) -> str:
        line = gettext("line %(line)s") % {"line": self.line} if self.line else ""
        place = " · ".join(part for part in (line, self.key, self.field) if part)
        return f"{place}: {self.message}" if place else self.message


Check: TypeAlias = Callable[[Document], Iterable[Problem]]

checks: list[Check] = []
"""Rules over a whole document that apps add in `AppConfig.ready`, each for its own kinds of clause.

A check sees a document whose fields are valid one by one and whose references hold; no clause is saved yet.
"""


# --- Plain data ---------------------------------------------------------------------------------------------


def section_of(component: Component) -> str:
    """What a document file calls a chapter: `follow_up`."""
    return component.name.lower()


def plain(field: models.Field[Any, Any], value: Any) -> Any:
    """A field's value as JSON knows it, the same for equal values: in two places 12 is `"12.00"`."""
    if isinstance(value, Decimal) and isinstance(field, models.DecimalField):
        return str(value.quantize(Decimal(1).scaleb(-field.decimal_places)))
    if isinstance(value, date | Span):
        return str(value)
    if isinstance(value, str):
        return str(value)
    return value


def values_of(clause: Clause) -> Content:
    """What the clause says, as plain data: every field but the row's id, version and place."""
    fields = fields_of(type(clause)).items()
    return {name: plain(field, getattr(clause, name)) for name, field in fields}


def export_clause(clause: Clause) -> Content:
    fields = fields_of(type(clause))
    silent = {name for name in clause.added_later if getattr(clause, name) == fields[name].get_default()}
    said = {name: value for name, value in values_of(clause).items() if name not in silent}
    return {"clause": clause.clause_kind, **said}


def export_version(version: Version) -> Content:
    """The version as plain data, shaped as `agreements/data/starter.yaml` without agreement and calendar.

    {"version": {"title", "preamble", "change_note"}, "goals": [{"clause", "key", …}, …], …}
    """
    document = read_document(version)
    about = {name: getattr(version, name) for name in ("title", "preamble", "change_note")}
    chapters = {
        section_of(component): [
            export_clause(clause) for clause in document.clauses if clause.component == component
        ]
        for component in Component
    }
    return {"version": about, **chapters}


def content_hash(version: Version) -> str:
    """The hash of a version as it stands in the database."""
    return hash_of(read_document(version))


def hash_of(document: Document) -> str:
    """SHA-256, in hex, of what is signed: currency, title, preamble and every clause with its number.

    The same words and fields give the same hash in any agreement: a clone that changes nothing has it too.
    """
    version = document.version
    signed = {
        "currency": version.agreement.currency,
        "title": version.title,
        "preamble": version.preamble,
        "clauses": [
            {**export_clause(clause), "number": clause.reference} for clause in in_order(document.clauses)
        ],
    }
    canonical = json.dumps(signed, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
