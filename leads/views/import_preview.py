"""The first rows of a file as they would be written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from msgspec import UNSET

from leads.importing.errorfile import plain_cells
from leads.importing.mapping import Mapping
from leads.importing.targets import ATTRIBUTE, target_of
from leads.models import ImportJob, RowError
from leads.services.cleaning import HISTORY, CleanLead, clean_lead
from leads.services.imports import Rehearsal
from leads.services.imports.writing import RowOutcome
from leads.services.items import Status

MOST_ROWS = 10
MOST_PROBLEMS = 100
LONGEST_CELL = 80
WORDS = {
    Status.CREATED: _("New"),
    Status.UPDATED: _("Changes"),
    Status.UNCHANGED: _("Unchanged"),
    Status.ERROR: _("Error"),
}


@dataclass(frozen=True)
class PreviewRow:
    line: int
    status: str
    words: str
    cells: list[str]


def preview(rehearsal: Rehearsal, mapping: Mapping, headers: Sequence[str], now: datetime) -> dict[str, Any]:
    """Column labels, and a few rows with what would become of them."""
    uses = mapping.uses()
    columns = [(index, uses[header].field) for index, header in enumerate(headers) if header in uses]
    return {
        "columns": [_label(field) for _, field in columns],
        "rows": [_row(outcome, columns, now) for outcome in rehearsal.outcomes[:MOST_ROWS]],
        "errors": readable(rehearsal.errors[:MOST_PROBLEMS], headers),
        "warnings": readable(rehearsal.warnings[:MOST_PROBLEMS], headers),
    }


def readable(problems: Iterable[RowError], headers: Sequence[str]) -> list[RowError]:
    """Problems to be shown, not saved: their rows are the file's own, also of a mended error file."""
    shown = list(problems)
    for problem in shown:
        problem.row = plain_cells(problem.row, headers)
    return shown


def _row(outcome: RowOutcome, columns: list[tuple[int, str]], now: datetime) -> PreviewRow:
    """What would be written; of a row with an error, what the file says."""
    row, item = outcome.made.row, outcome.made.item
    if item is None or outcome.status is Status.ERROR:
        cells = [row.cells[index] if index < len(row.cells) else "" for index, _ in columns]
    else:
        written = _written(clean_lead(item, now))
        cells = [_say(written.get(field)) for _, field in columns]
    return PreviewRow(row.line, outcome.status, str(WORDS[outcome.status]), [_short(cell) for cell in cells])


def _short(text: str) -> str:
    return f"{text[:LONGEST_CELL]}…" if len(text) > LONGEST_CELL else text


@dataclass(frozen=True)
class Verdict:
    """What a rehearsal comes to: a line to read, one more, and what the button says. `is_hopeless` if nothing
    fits.
    """

    title: str
    words: str
    act: str
    is_hopeless: bool


def verdict(rehearsal: Rehearsal, job: ImportJob) -> Verdict:
    checked, errors = len(rehearsal.outcomes), rehearsal.counts[Status.ERROR]
    figures = {
        "fit": number_format(checked - errors, force_grouping=True),
        "checked": number_format(checked, force_grouping=True),
    }
    if errors == checked:
        title = gettext("None of these %(checked)s rows can be imported") % figures
    elif errors:
        title = gettext("%(fit)s of %(checked)s rows can be imported") % figures
    else:
        title = ngettext("The row can be imported", "All %(checked)s rows can be imported", checked) % figures
    rows = number_format(checked - errors if rehearsal.is_whole else job.rows_total, force_grouping=True)
    if rehearsal.is_whole:
        words = gettext("The whole file was checked.")
        act = ngettext("Import %(rows)s row", "Import %(rows)s rows", checked - errors) % {"rows": rows}
    else:
        words = gettext(
            "The first %(checked)s of about %(rows)s rows were checked; the others are checked as they are imported."
        )
        words = words % (figures | {"rows": rows})
        act = gettext("Import about %(rows)s rows") % {"rows": rows}
    if errors == checked:
        words = gettext("See below why, and change the columns or the file.")
    elif rehearsal.counts[Status.UNCHANGED] == checked:
        words = gettext("Nothing would change: everything in them is known already.")
    return Verdict(title, words, act, is_hopeless=errors == checked)


def _label(field: str) -> str:
    target = target_of(field)
    return str(target.label) if target else field


def _written(clean: CleanLead) -> dict[str, Any]:
    """Target → what the upsert would write."""
    company = clean.company or None
    names = (clean.values.get("first_name"), clean.values.get("last_name"))
    return {
        **clean.values,
        "email": clean.email,
        "external_id": clean.ref[1] if clean.ref else None,
        "full_name": " ".join(filter(None, names)),
        "email_opt_out": clean.values.get("email_consent"),
        "owner": clean.owner,
        "created_at": clean.created_at,
        "company.domain": company.domain if company else None,
        **{f"company.{name}": value for name, value in (company.values if company else {}).items()},
        **{f"{ATTRIBUTE}{name}": value for name, value in (clean.attributes or {}).items()},
        **{field: clean.history.get(stage) for field, stage in HISTORY.items()},
    }


def _say(value: Any) -> str:
    if value is None or value is UNSET:
        return ""
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "Y-m-d H:i")
    return str(value)
