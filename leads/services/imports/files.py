"""A file of leads taken in: looked at, kept, its columns guessed or remembered."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO, cast
from uuid import uuid4

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext, ngettext

from accounts.models import User
from leads.importing.encodings import Text
from leads.importing.headers import ERROR_COLUMNS, fingerprint
from leads.importing.inspection import Findings, inspect, plain
from leads.importing.kinds import NotCsv
from leads.importing.mapping import Mapping, as_data, fit_remembered, guess_mapping, read_mapping
from leads.models import ImportJob, ImportState
from leads.selectors.imports import remembered_mappings
from leads.services.imports.room import bytes_to_add, full_disk_told, require_room

MOST_BYTES = 500 * 1024 * 1024


class ImportNotOpen(Exception):
    """The import was started already, or is over."""


@dataclass(frozen=True)
class FileChoices:
    """How the file is read, as a person says it; what is empty is found out."""

    encoding: str = ""
    delimiter: str = ""
    has_header: bool | None = None


def take_file(
    file: BinaryIO,
    *,
    name: str,
    now: datetime,
    actor: User | None,
    time_zone: str = "UTC",
    choices: FileChoices = FileChoices(),
) -> ImportJob:
    """Keep a file and say what it seems to hold; nothing is imported yet. The caller closes the file.

    Raises `NotCsv` for a file that is too large, empty or no CSV file, and `NoRoom` where the disk cannot
    hold it; then nothing is kept.
    """
    size = file.seek(0, 2)
    refuse_large(size)
    require_room(bytes_to_add(file, size))
    with full_disk_told(), plain(file) as (lines, text, was_wide):
        findings = inspect(
            lines,
            encoding=choices.encoding or text.encoding,
            delimiter=choices.delimiter,
            has_header=choices.has_header,
        )
        mapping, notes = likely_mapping(findings, time_zone)
        job = ImportJob(
            file_name=clean_name(name),
            encoding_is_sure=bool(choices.encoding) or text.is_sure,
            rows_total=max(len(findings.sample), text.lines - findings.has_header),
            mapping=as_data(mapping),
            notes=_notes(text, was_wide) + notes,
            created_by=actor,
            created_at=now,
        )
        _describe(job, findings)
        _keep(job, lines if isinstance(lines, File) else File(lines))
    job.size = job.file.size
    try:
        job.save()
    except Exception:
        job.file.delete(save=False)
        raise
    return job


def _keep(job: ImportJob, file: "File[bytes]") -> None:
    """Store the file. One that is cut off on its way is deleted: no row would ever tell of it."""
    storage = job.file.storage
    name = job.file.field.generate_filename(job, f"{uuid4()}.csv")
    try:
        job.file = storage.save(name, file)
    except OSError:
        storage.delete(name)
        raise


def refuse_large(size: int) -> None:
    """Raises `NotCsv`."""
    if size > MOST_BYTES:
        raise NotCsv(
            gettext(
                "The file has %(size)s MB; at most %(most)s MB can be imported at once. Split it, and "
                "import the parts."
            )
            % {"size": -(-size // 2**20), "most": MOST_BYTES // 2**20}
        )


def clean_name(name: str) -> str:
    """What a file is called, without its folder and without what no name should hold."""
    plain_name = PurePath(name.replace("\\", "/")).name
    return "".join(char for char in plain_name if char.isprintable())[-200:] or gettext("Unnamed file")


@transaction.atomic
def read_again(*, job_id: int, choices: FileChoices, now: datetime, actor: User | None) -> ImportJob:
    """Read a file that waits for its columns otherwise: in another encoding, with another delimiter, without
    headings.

    The columns are guessed anew. Raises `ImportNotOpen`, `NotCsv`.
    """
    job = lock_uploaded(job_id)
    with open_file(job) as file:
        findings = inspect(
            file,
            encoding=choices.encoding or job.encoding,
            delimiter=choices.delimiter or job.delimiter,
            has_header=choices.has_header,
        )
    mapping, notes = likely_mapping(findings, str(job.mapping.get("time_zone", "UTC")))
    job.encoding_is_sure = job.encoding_is_sure or bool(choices.encoding)
    job.mapping, job.notes = as_data(mapping), notes
    _describe(job, findings)
    job.save()
    return job


def lock_uploaded(job_id: int) -> ImportJob:
    """An import that has not begun, locked. Raises `ImportNotOpen`."""
    job = ImportJob.objects.select_for_update().filter(pk=job_id, state=ImportState.UPLOADED).first()
    if job is None:
        raise ImportNotOpen(gettext("This import was started already."))
    return job


@contextmanager
def open_file(job: ImportJob) -> Iterator[BinaryIO]:
    """The kept file. Raises `FileNotFoundError`."""
    if not job.file.name:
        raise FileNotFoundError
    with job.file.storage.open(job.file.name, "rb") as file:
        yield cast(BinaryIO, file.file)


def _describe(job: ImportJob, findings: Findings) -> None:
    job.encoding, job.delimiter = findings.dialect.encoding, findings.dialect.delimiter
    job.has_header, job.headers = findings.has_header, findings.headers


def findings_of(job: ImportJob) -> Findings:
    """The first rows again, read as the import will read them. Raises `FileNotFoundError`, `NotCsv`."""
    with open_file(job) as file:
        return inspect(file, encoding=job.encoding, delimiter=job.delimiter, has_header=job.has_header)


def likely_mapping(findings: Findings, time_zone: str) -> tuple[Mapping, list[str]]:
    """As it was last time for these columns, or for nearly these; else a guess. And what to say of it."""
    guessed, ambiguous = guess_mapping(findings, time_zone=time_zone)
    mark = fingerprint(findings.headers)
    remembered = remembered_mappings()
    same_first = sorted(remembered, key=lambda kept: kept.fingerprint != mark)
    for kept in same_first:
        fitted = fit_remembered(read_mapping(kept.mapping), guessed, findings.headers)
        if fitted:
            return fitted.mapping, _say_remembered(fitted.absent, fitted.added)
    return guessed, _say_ambiguous(ambiguous)


def _say_ambiguous(date: str) -> list[str]:
    if not date:
        return []
    words = gettext(
        "Is the day or the month first in %(date)s? It is read with the day first; “Dates, numbers, yes and no” "
        "below changes that."
    )
    return [words % {"date": date}]


def _say_remembered(absent: list[str], added: list[str]) -> list[str]:
    notes = [gettext("The columns are mapped as they were last time.")]
    if absent:
        notes.append(
            gettext("That file also had these columns, which are missing now: %(columns)s.")
            % {"columns": ", ".join(absent)}
        )
    if added:
        notes.append(gettext("These columns are new: %(columns)s.") % {"columns": ", ".join(added)})
    return notes


def _notes(text: Text, was_wide: bool) -> list[str]:
    notes = []
    if was_wide:
        notes.append(gettext("The file was in UTF-16 and is read as that."))
    if text.broken_lines:
        notes.append(
            ngettext(
                "%(count)s line holds bytes that are not valid UTF-8; it will be reported.",
                "%(count)s lines hold bytes that are not valid UTF-8; they will be reported.",
                text.broken_lines,
            )
            % {"count": text.broken_lines}
        )
    if text.nul_bytes:
        notes.append(
            gettext("The file holds %(count)s zero bytes, which are left out.") % {"count": text.nul_bytes}
        )
    return notes


def is_error_file(headers: list[str]) -> bool:
    """Whether a file is one that the portal wrote about rows it could not import."""
    return set(ERROR_COLUMNS) <= set(headers)
