"""What changed between two versions, clause by clause and field by field."""

from dataclasses import dataclass
from typing import Any

from agreements.document import Document, values_of
from agreements.models import Clause


@dataclass(frozen=True)
class FieldChange:
    """A field before and after, as plain data."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ClauseChange:
    """A clause that is in both versions and says something else, or stands elsewhere."""

    before: Clause
    after: Clause
    fields: tuple[FieldChange, ...]

    @property
    def moved(self) -> bool:
        """Whether its number changed."""
        return self.before.reference != self.after.reference


@dataclass(frozen=True)
class Diff:
    """From one version to another; clauses are matched by key.

    A clause of another kind is one removed, one added.
    """

    about: tuple[FieldChange, ...]
    """Changes of title, preamble and currency."""
    added: tuple[Clause, ...]
    removed: tuple[Clause, ...]
    changed: tuple[ClauseChange, ...]

    def __bool__(self) -> bool:
        """Whether anything differs that a signature covers."""
        return bool(self.about or self.added or self.removed or self.changed)


def compare(before: Document, after: Document) -> Diff:
    """What `after` says that `before` does not, and the other way; each list in the order of its document."""
    return Diff(
        about=_fields(_about(before), _about(after)),
        added=tuple(clause for clause in after.clauses if _same(before, clause) is None),
        removed=tuple(clause for clause in before.clauses if _same(after, clause) is None),
        changed=tuple(change for clause in after.clauses if (change := _change(before, clause))),
    )


def _same(document: Document, clause: Clause) -> Clause | None:
    other = document.by_key.get(clause.key)
    return other if type(other) is type(clause) else None


def _change(before: Document, clause: Clause) -> ClauseChange | None:
    other = _same(before, clause)
    if other is None:
        return None
    change = ClauseChange(other, clause, _fields(values_of(other), values_of(clause)))
    return change if change.fields or change.moved else None


def _about(document: Document) -> dict[str, Any]:
    version = document.version
    return {
        "title": version.title,
        "preamble": version.preamble,
        "currency": version.agreement.currency,
    }


def _fields(before: dict[str, Any], after: dict[str, Any]) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(name, before[name], after[name]) for name in after if before[name] != after[name]
    )
