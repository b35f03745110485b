"""Reads of agreements that join models. What is no draft cannot change, so it is read once per process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, QuerySet, When

from agreements.document import AnyClause, Document, read_document
from agreements.models import CalendarRevision, Clause, Version, VersionState

__all__ = [
    "ClauseRef",
    "active_versions",
    "cite",
    "clause_index",
    "clauses",
    "current_revision",
    "default_version",
    "document",
    "latest_versions",
]

_KEPT = 64
_documents: dict[int, Document] = {}
_indexes: dict[int, Mapping[str, "ClauseRef"]] = {}


@dataclass(frozen=True)
class ClauseRef:
    """A clause as the rest of the portal cites it. `words` have their placeholders filled."""

    key: str
    reference: str
    title: str
    words: str
    number: int
    """The version's number."""
    url: str


def default_version() -> Version | None:
    """The active version of the default agreement."""
    return _active().filter(agreement__is_default=True).first()


def active_versions() -> list[Version]:
    """The active versions in the order in which agreements are asked to cover a lead, the default last."""
    return list(_active().order_by("agreement__is_default", "agreement__position", "agreement_id"))


def latest_versions() -> list[Version]:
    """Of every agreement that has any, in order, the version in force, else the newest."""
    in_force = Case(When(state=VersionState.ACTIVE, then=0), default=1)
    newest = Version.objects.order_by("agreement_id", in_force, "-number").distinct("agreement_id")
    return list(
        Version.objects.filter(pk__in=newest)
        .select_related("agreement")
        .order_by("agreement__position", "agreement_id")
    )


def _active() -> QuerySet[Version]:
    return Version.objects.filter(state=VersionState.ACTIVE).select_related("agreement__calendar")


def document(version_id: int) -> Document:
    """The version's clauses in order; no query if a version that is no draft was read before in this process.

    Raises `Version.DoesNotExist`.
    """
    kept = _documents.get(version_id)
    if kept is not None:
        return kept
    read = read_document(Version.objects.select_related("agreement__calendar").get(pk=version_id))
    if not read.version.is_draft:
        _keep(_documents, version_id, read)
    return read


def clauses(version_id: int, model: type[AnyClause]) -> tuple[AnyClause, ...]:
    """The version's clauses of one kind, in order; kept like `document`. Never mutate them."""
    return document(version_id).of(model)


def clause_index(version_id: int) -> Mapping[str, ClauseRef]:
    """Every clause of a version by its key; kept like `document`."""
    kept = _indexes.get(version_id)
    if kept is not None:
        return kept
    read = document(version_id)
    url = read.version.get_absolute_url()
    index = {clause.key: _ref(read, clause, url) for clause in read.clauses}
    if not read.version.is_draft:
        _keep(_indexes, version_id, index)
    return index


def _ref(read: Document, clause: Clause, url: str) -> ClauseRef:
    return ClauseRef(
        key=clause.key,
        reference=clause.reference,
        title=clause.title,
        words=read.text(clause),
        number=read.version.number,
        url=f"{url}#{clause.key}",
    )


def cite(version_id: int | None, key: str) -> ClauseRef | None:
    """The clause that caused something; nothing where no clause did, or none of that key."""
    if version_id is None or not key:
        return None
    try:
        return clause_index(version_id).get(key)
    except Version.DoesNotExist:
        return None


def current_revision(calendar_id: int) -> CalendarRevision:
    """The calendar as it is now; equal schedules are shared. Raises `CalendarRevision.DoesNotExist`."""
    return CalendarRevision.objects.filter(calendar=calendar_id).order_by("-number")[:1].get()


def forget(version_id: int) -> None:
    """Read the version anew next time: a transaction that changed it did not commit."""
    _documents.pop(version_id, None)
    _indexes.pop(version_id, None)


def _keep(kept: dict[int, Any], key: int, value: Any) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value
