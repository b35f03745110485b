"""Loading documents and drafting versions. A broken document writes nothing."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from agreements.document import (
    Content,
    Document,
    Problem,
    clauses_of,
    content_hash,
    hash_of,
    section_of,
)
from agreements.models import Agreement, BusinessCalendar, Clause, Component, Version, VersionState
from agreements.reading import DocumentInvalid, Report, field_of, read_content
from agreements.selectors import current_revision
from agreements.services.calendars import CalendarInvalid, create_calendar
from agreements.services.versions import OpenDraftExists
from agreements.wording import fields_of
from agreements.yaml_files import FileError, Parsed, parse

STARTER = Path(__file__).resolve().parent.parent / "data" / "starter.yaml"

_SECTIONS = ("agreement", "calendar", "version", *map(section_of, Component))
_AGREEMENT = {
    "slug": "slug",
    "name": "name",
    "currency": "currency",
    "covers": "covers",
    "position": "position",
    "default": "is_default",
}
_CALENDAR = {
    "slug": str,
    "name": str,
    "zone": str,
    "week": Mapping,
    "always_open": bool,
    "country": str,
    "region": str,
    "closed_on": list,
}
_GIVE: dict[type, str] = {
    str: gettext_noop("give a text"),
    Mapping: gettext_noop("give weekdays with their hours"),
    bool: gettext_noop("give true or false"),
    list: gettext_noop("give a list"),
}


def load_agreement(*, source: Path | Content, now: datetime, actor: User | None) -> Version:
    """Draft a version from a document file, or from the same as plain data.

    The agreement and its calendar are created where their slugs are new; those that exist stay as they are,
    only the version is new. A document that says what an open or active version says already changes nothing
    and returns that one. Raises `DocumentInvalid` with everything that is wrong, `OpenDraftExists`, and
    `OSError` for the file.
    """
    data, lines = read_source(source)
    report = Report(lines)
    with transaction.atomic():
        report.refuse_unknown(data, _SECTIONS, (), "")
        agreement = _agreement(report, data, now, actor)
        version = Version(agreement=agreement or Agreement())
        try:
            document = read_content(data, version=version, today=_today(agreement, now), lines=lines)
        except DocumentInvalid as error:
            report.problems += error.problems
        report.refuse()
        return _save(document, now, actor)


def import_document(*, data: Content, agreement: Agreement, now: datetime, actor: User | None) -> Version:
    """Draft a version of an agreement from plain data as `export_version` gives it.

    Raises as `load_agreement` does.
    """
    version = Version(agreement=agreement)
    document = read_content(data, version=version, today=_today(agreement, now))
    with transaction.atomic():
        return _save(document, now, actor)


def draft_from(*, version: Version, now: datetime, actor: User | None) -> Version:
    """The next draft of an agreement, saying what this version says. Raises `OpenDraftExists`."""
    draft = Version(agreement=version.agreement, title=version.title, preamble=version.preamble)
    clauses = [_copied(clause, draft) for clause in clauses_of(version)]
    with transaction.atomic():
        return _save_draft(Document(draft, tuple(clauses)), now, actor)


def read_source(source: Path | Content) -> Parsed:
    """The plain data of a document and the line of each value.

    Raises `DocumentInvalid` for a file that is no document.
    """
    if isinstance(source, Mapping):
        return Parsed(source, {})
    try:
        parsed = parse(source.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise DocumentInvalid([Problem("", "", _("The file is not written in UTF-8."))]) from error
    except FileError as error:
        raise DocumentInvalid([Problem("", "", str(error), error.line)]) from error
    if not isinstance(parsed.data, Mapping):
        raise DocumentInvalid([Problem("", "", _("A document begins with “agreement:”."), 1)])
    return parsed


# --- The agreement and its calendar -------------------------------------------------------------------------


def _agreement(report: Report, data: Content, now: datetime, actor: User | None) -> Agreement | None:
    """The agreement the document is for, made if it is new; none if that cannot be told."""
    given = data.get("agreement")
    if not isinstance(given, Mapping):
        report.report(("agreement",), "", "agreement", _("give the agreement’s slug and name"))
        return None
    report.refuse_unknown(given, _AGREEMENT, ("agreement",), "")
    existing = Agreement.objects.select_related("calendar").filter(slug=given.get("slug")).first()
    if existing is None:
        return _create_agreement(report, given, _calendar(report, data, now, actor))
    if given.get("currency", existing.currency) != existing.currency:
        message = _("“%(name)s” counts its money in %(currency)s, and versions of it must too")
        words = {"name": existing.name, "currency": existing.currency}
        report.report(("agreement", "currency"), "", "currency", message % words)
    return existing


def _create_agreement(
    report: Report, given: Mapping[str, Any], calendar: BusinessCalendar | None
) -> Agreement | None:
    before = len(report.problems)
    agreement = Agreement(is_default=not Agreement.objects.filter(is_default=True).exists())
    for name, field in _AGREEMENT.items():
        if name in given or name in ("slug", "name"):
            path = ("agreement", name)
            report.set_field(agreement, field_of(Agreement, field), given.get(name), path, "")
    if not re.fullmatch("[A-Z]{3}", agreement.currency):
        message = _("a currency is three capital letters, such as EUR")
        report.report(("agreement", "currency"), "", "currency", message)
    if agreement.is_default and Agreement.objects.filter(is_default=True).exists():
        message = _("another agreement is the default already")
        report.report(("agreement", "default"), "", "default", message)
    if calendar is None or len(report.problems) > before:
        return None
    agreement.calendar = calendar
    agreement.save(force_insert=True)
    return agreement


def _calendar(report: Report, data: Content, now: datetime, actor: User | None) -> BusinessCalendar | None:
    given = data.get("calendar")
    if not isinstance(given, Mapping) or not isinstance(given.get("slug"), str):
        report.report(("calendar",), "", "calendar", _("a new agreement needs the slug of its calendar"))
        return None
    existing = BusinessCalendar.objects.filter(slug=given["slug"]).first()
    return existing or _create_calendar(report, given, now, actor)


def _create_calendar(
    report: Report, given: Mapping[str, Any], now: datetime, actor: User | None
) -> BusinessCalendar | None:
    before = len(report.problems)
    report.refuse_unknown(given, _CALENDAR, ("calendar",), "")
    for name, kind in _CALENDAR.items():
        if name in given and not isinstance(given[name], kind):
            report.report(("calendar", name), "", name, _(_GIVE[kind]))
        elif name in ("name", "zone") and name not in given:
            report.report(("calendar",), "", name, _("is missing"))
    calendar = BusinessCalendar()
    for name in ("slug", "name"):
        if isinstance(given.get(name), str):
            field = field_of(BusinessCalendar, name)
            report.set_field(calendar, field, given[name], ("calendar", name), "")
    if BusinessCalendar.objects.filter(name=given.get("name")).exists():
        report.report(("calendar", "name"), "", "name", _("another calendar has this name"))
    if len(report.problems) > before:
        return None
    try:
        return create_calendar(now=now, actor=actor, **given)
    except CalendarInvalid as error:
        report.report(("calendar",), "", "calendar", str(error))
        return None


def _today(agreement: Agreement | None, now: datetime) -> date:
    """The date in the zone of the agreement's calendar."""
    zone = ZoneInfo(current_revision(agreement.calendar_id).zone) if agreement else UTC
    return now.astimezone(zone).date()


# --- Versions -----------------------------------------------------------------------------------------------


def _save(document: Document, now: datetime, actor: User | None) -> Version:
    """The version in force or on its way that says the same; else a new draft."""
    wanted = hash_of(document)
    states = (VersionState.DRAFT, VersionState.PROPOSED, VersionState.ACTIVE)
    for version in document.version.agreement.versions.filter(state__in=states).select_related(
        "agreement__calendar"
    ):
        if (version.content_hash or content_hash(version)) == wanted:
            return version
    return _save_draft(document, now, actor)


def _save_draft(document: Document, now: datetime, actor: User | None) -> Version:
    draft = document.version
    agreement = Agreement.objects.select_for_update().get(pk=draft.agreement_id)
    open_states = (VersionState.DRAFT, VersionState.PROPOSED)
    if agreement.versions.filter(state__in=open_states).exists():
        raise OpenDraftExists(
            _("“%(name)s” has an open draft already: propose and sign it, or withdraw it.")
            % {"name": agreement.name}
        )
    latest = agreement.versions.aggregate(number=Max("number"))["number"] or 0
    draft.number, draft.created_at, draft.created_by = latest + 1, now, actor
    draft.save(force_insert=True)
    _insert(document.clauses)
    return draft


def _insert(clauses: Iterable[Clause]) -> None:
    by_kind: dict[type[Clause], list[Clause]] = defaultdict(list)
    for clause in clauses:
        clause.version_id = clause.version.pk
        by_kind[type(clause)].append(clause)
    for model, rows in by_kind.items():
        model._default_manager.bulk_create(rows)


def _copied(clause: Clause, draft: Version) -> Clause:
    values = {name: getattr(clause, name) for name in fields_of(type(clause))}
    return type(clause)(version=draft, position=clause.position, **values)
