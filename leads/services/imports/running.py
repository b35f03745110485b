"""Imports on their way: begun, worked on piece by piece, stopped.

A piece is one transaction: its rows, their errors and how far the import is. Whoever is killed in it leaves
the import at the last piece's end, where the next worker goes on. A worker learns of an import from the
database: what is sent when one begins only wakes it sooner (law 2).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import BinaryIO

import structlog
from celery import current_app
from django.db import OperationalError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import User
from leads.importing.headers import fingerprint
from leads.importing.mapping import BadMapping, Mapping, as_data, check_mapping, read_mapping
from leads.importing.reading import Dialect, Row, RowReader
from leads.importing.rows import CellProblem, RowMaker
from leads.models import ImportJob, ImportJobQuerySet, ImportKey, ImportMapping, ImportState, RowError
from leads.services.imports.files import ImportNotOpen, lock_uploaded, open_file
from leads.services.imports.seen import SeenInTable
from leads.services.imports.writing import RowOutcome, write_rows
from leads.services.items import Status

PIECE = 2000
"""Rows a transaction."""
MOST_TROUBLES = 3
TURN = 7_301_177
"""PostgreSQL's advisory lock that the worker holds who works on imports."""
WAKE = "leads.run_waiting_imports"

log = structlog.get_logger(__name__)


@transaction.atomic
def choose_columns(*, job_id: int, mapping: Mapping, now: datetime, actor: User | None) -> ImportJob:
    """Say what the columns become. Raises `ImportNotOpen`, `BadMapping`."""
    job = lock_uploaded(job_id)
    if problems := check_mapping(mapping, job.headers):
        raise BadMapping(problems)
    job.mapping = as_data(mapping)
    job.save(update_fields=["mapping"])
    return job


@transaction.atomic
def start_import(*, job_id: int, now: datetime, actor: User | None) -> ImportJob:
    """Let a worker import the file; its columns are remembered for the next one. Raises `ImportNotOpen`,
    `BadMapping`.
    """
    job = lock_uploaded(job_id)
    mapping = read_mapping(job.mapping)
    if problems := check_mapping(mapping, job.headers):
        raise BadMapping(problems)
    ImportMapping.objects.update_or_create(
        fingerprint=fingerprint(job.headers), defaults={"mapping": as_data(mapping), "updated_at": now}
    )
    job.state, job.started_at = ImportState.WAITING, now
    job.save(update_fields=["state", "started_at"])
    transaction.on_commit(wake_worker, robust=True)
    return job


@transaction.atomic
def stop_import(*, job_id: int, now: datetime, actor: User | None) -> ImportJob:
    """Import no further row; those that were imported stay. Raises `ImportNotOpen` if it is over already."""
    stoppable = [ImportState.UPLOADED, ImportState.WAITING, ImportState.RUNNING]
    job = ImportJob.objects.select_for_update().filter(pk=job_id, state__in=stoppable).first()
    if job is None:
        raise ImportNotOpen(gettext("This import is over already."))
    job.state, job.finished_at = ImportState.STOPPED, now
    job.save(update_fields=["state", "finished_at"])
    return job


@transaction.atomic
def go_on(*, job_id: int, now: datetime, actor: User | None) -> ImportJob:
    """Let an import that was stopped or failed go on after the last row that was done. Raises
    `ImportNotOpen`.
    """
    over = [ImportState.STOPPED, ImportState.FAILED]
    job = ImportJob.objects.select_for_update().filter(pk=job_id, state__in=over).exclude(file="").first()
    if job is None or not job.started_at:
        raise ImportNotOpen(gettext("This import cannot go on."))
    job.state, job.finished_at, job.troubles, job.message = ImportState.WAITING, None, 0, ""
    job.worked_at = now  # from when on it waits for its turn
    job.save(update_fields=["state", "finished_at", "troubles", "message", "worked_at"])
    transaction.on_commit(wake_worker, robust=True)
    return job


def wake_worker() -> None:
    """A worker would look by itself within seconds."""
    current_app.send_task(WAKE, retry=False)


# --- A worker's part ----------------------------------------------------------------------------------------


def advance_next_import(*, now: datetime) -> bool:
    """Do one piece of the import that waited longest for its turn; whether there was one to do.

    One worker at a time works on imports, so that they never take all workers from what cannot wait; the
    imports themselves take turns.
    """
    return _advance(ImportJob.objects.to_do(), now, is_turn_needed=True)


def advance_import(*, job_id: int, now: datetime) -> bool:
    """Do one piece of this import; false if somebody else is at it, or it is over."""
    return _advance(ImportJob.objects.to_do().filter(pk=job_id), now, is_turn_needed=False)


def _advance(jobs: ImportJobQuerySet, now: datetime, is_turn_needed: bool) -> bool:
    job = None
    try:
        with transaction.atomic():
            if is_turn_needed and not _is_our_turn():
                return False
            job = jobs.select_for_update(skip_locked=True, of=("self",)).select_related("created_by").first()
            if job is None:
                return False
            with translation.override(job.created_by.language if job.created_by else "en"):
                _do_piece(job, now)
    except OperationalError:
        raise
    except Exception:
        if job is None:
            raise
        log.exception("import_piece_failed", job=job.pk, line=job.line)
        _note_trouble(job.pk, now)
    return True


def _is_our_turn() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [TURN])
        return bool(cursor.fetchone()[0])


def _do_piece(job: ImportJob, now: datetime) -> None:
    maker = row_maker(job.headers, read_mapping(job.mapping))
    try:
        with open_file(job) as file:
            reader = open_rows(job, file)
            rows = list(islice(reader, PIECE))
    except FileNotFoundError:
        _end(job, ImportState.FAILED, now, gettext("The file is no longer here. Upload it again."))
        return
    outcomes = write_rows(
        rows, maker=maker, seen=SeenInTable(job.pk), now=now, actor=job.created_by, job_id=job.pk
    )
    _record(job, outcomes)
    job.position, job.line, job.rows_done = reader.position, reader.line, job.rows_done + len(rows)
    job.state, job.worked_at, job.troubles = ImportState.RUNNING, now, 0
    if len(rows) < PIECE:
        job.rows_total = job.rows_done
        _end(job, ImportState.DONE, now)
    else:
        job.rows_total = max(job.rows_total, job.rows_done)
        job.save()


def row_maker(headers: Sequence[str], mapping: Mapping) -> RowMaker:
    """Knows the portal's people, by whose names or addresses a file may call owners."""
    people = list(User.objects.values_list("name", "email"))
    names = Counter(name.casefold() for name, _ in people)
    owners = {name.casefold(): email for name, email in people if names[name.casefold()] == 1}
    return RowMaker(mapping, headers, owners | {email: email for _, email in people})


def open_rows(job: ImportJob, file: BinaryIO) -> RowReader:
    """The rows that are not done yet."""
    dialect = Dialect(job.encoding, job.delimiter)
    reader = RowReader(file, dialect, position=job.position, line=job.line, width=len(job.headers))
    if job.position == 0 and job.has_header:
        next(reader, None)
    return reader


def _record(job: ImportJob, outcomes: Sequence[RowOutcome]) -> None:
    """Count the outcomes and keep what was wrong."""
    counts = Counter(outcome.status for outcome in outcomes)
    job.created += counts[Status.CREATED]
    job.updated += counts[Status.UPDATED]
    job.unchanged += counts[Status.UNCHANGED]
    job.failed += counts[Status.ERROR]
    job.warned += sum(bool(o.made.warnings) for o in outcomes if o.status is not Status.ERROR)
    RowError.objects.bulk_create(
        [
            row_error(job, outcome.made.row, problem, is_warning)
            for outcome in outcomes
            for is_warning, problems in (
                (False, outcome.made.errors),
                (True, outcome.made.warnings if outcome.status is not Status.ERROR else ()),
            )
            for problem in problems
        ]
    )


def row_error(job: ImportJob, row: Row, problem: CellProblem, is_warning: bool) -> RowError:
    return RowError(
        job=job,
        is_warning=is_warning,
        line=row.line,
        column=problem.column[:200],
        reason=problem.reason[:500],
        row=row.cells,
    )


def _end(job: ImportJob, state: ImportState, now: datetime, message: str = "") -> None:
    job.state, job.finished_at, job.message = state, now, message
    job.save()
    ImportKey.objects.filter(job=job).delete()


@transaction.atomic
def _note_trouble(job_id: int, now: datetime) -> None:
    """After a few of these in a row the import fails, so that it does not go on for ever."""
    job = ImportJob.objects.to_do().select_for_update().filter(pk=job_id).first()
    if job is None:
        return
    job.troubles, job.worked_at = job.troubles + 1, now
    job.save(update_fields=["troubles", "worked_at"])
    if job.troubles >= MOST_TROUBLES:
        with translation.override(job.created_by.language if job.created_by else "en"):
            words = gettext(
                "The portal could not go on after line %(line)s. What was imported so far stays. Tell an "
                "administrator; “Go on” tries again."
            )
            job.state, job.finished_at = ImportState.FAILED, now
            job.message = words % {"line": job.line}
            job.save(update_fields=["state", "finished_at", "message"])
