"""`./portal manage import_leads FILE`: the import of the browser, from the command line."""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any, TextIO

import yaml
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from accounts.roles import Capability
from leads.importing.errorfile import ErrorFile
from leads.importing.inspection import inspect, plain
from leads.importing.kinds import NotCsv
from leads.importing.mapping import (
    BadMapping,
    FileUse,
    Mapping,
    as_data,
    check_mapping,
    read_mapping,
)
from leads.importing.reading import RowReader
from leads.models import ImportJob, ImportState
from leads.selectors.imports import failed_rows
from leads.services.imports import (
    FileChoices,
    NoRoom,
    advance_import,
    choose_columns,
    likely_mapping,
    refuse_large,
    rehearse_rows,
    row_maker,
    start_import,
    take_file,
)
from leads.services.items import Status

HELP = """
Import leads from a CSV file.

Columns are mapped by --mapping (YAML or JSON), else as they were last time for the same headings, else by
guessing. --print-mapping prints what would be used, to be kept and changed. The exit code is 0 when every
row is in, and 1 when rows had errors or nothing could be imported. Killed half-way, a worker finishes the
import.
"""
COUNTED = (
    (Status.CREATED, "created"),
    (Status.UPDATED, "updated"),
    (Status.UNCHANGED, "unchanged"),
    (Status.ERROR, "failed"),
)


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--mapping", type=Path, metavar="FILE", help="how columns become fields, as YAML or JSON"
        )
        parser.add_argument(
            "--system", default="", help="what to call the system that the file's ids come from"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")
        parser.add_argument(
            "--errors", type=Path, metavar="FILE", help="write the rows that failed to this CSV file"
        )
        parser.add_argument("--user", default="", metavar="EMAIL", help="in whose name the import runs")
        parser.add_argument("--print-mapping", action="store_true", help="print the mapping and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        mapping = _load_mapping(options["mapping"]) if options["mapping"] else None
        try:
            with options["file"].open("rb") as file:
                refuse_large(file.seek(0, 2))
                if options["dry_run"] or options["print_mapping"]:
                    failed = self._rehearse(file, mapping, options)
                else:
                    failed = self._import(file, mapping, options)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
        except (NotCsv, NoRoom, BadMapping) as error:
            raise CommandError(str(error)) from None
        if failed:
            sys.exit(1)

    # --- For real -------------------------------------------------------------------------------------------

    def _import(self, file: Any, mapping: Mapping | None, options: dict[str, Any]) -> int:
        actor = _person(options["user"])
        job = take_file(
            file, name=options["file"].name, now=timezone.now(), actor=actor, choices=_choices(mapping)
        )
        try:
            used = _named(mapping or read_mapping(job.mapping), options["system"])
            choose_columns(job_id=job.pk, mapping=used, now=timezone.now(), actor=actor)
        except BadMapping:
            job.file.delete(save=False)
            job.delete()
            raise
        start_import(job_id=job.pk, now=timezone.now(), actor=actor)
        self._work(job)
        self._say(
            job.rows_done, Counter({status: getattr(job, name) for status, name in COUNTED}), job.warned
        )
        if options["errors"]:
            with _error_file(options["errors"], job.headers, job.delimiter) as errors:
                for line, problems, cells in failed_rows(job):
                    errors.add(line, problems, cells)
        if job.state != ImportState.DONE:
            raise CommandError(job.message or f"The import was stopped after line {job.line}.")
        return job.failed

    def _work(self, job: ImportJob) -> None:
        """Piece by piece; where a worker was quicker, wait for it."""
        while True:
            if not advance_import(job_id=job.pk, now=timezone.now()):
                sleep(0.2)
            job.refresh_from_db()
            self._progress(job.rows_done, job.rows_total)
            if not job.is_open:
                return

    # --- As a rehearsal -------------------------------------------------------------------------------------

    def _rehearse(self, file: Any, mapping: Mapping | None, options: dict[str, Any]) -> int:
        choices = _choices(mapping)
        with plain(file) as (lines, text, _):
            findings = inspect(
                lines,
                encoding=choices.encoding or text.encoding,
                delimiter=choices.delimiter,
                has_header=choices.has_header,
            )
            used = _named(mapping or likely_mapping(findings, "UTC")[0], options["system"])
            if options["print_mapping"]:
                self.stdout.write(
                    yaml.safe_dump(as_data(used), allow_unicode=True, sort_keys=False), ending=""
                )
                return 0
            if problems := check_mapping(used, findings.headers):
                raise BadMapping(problems)
            reader = RowReader(lines, findings.dialect, width=len(findings.headers))
            if findings.has_header:
                next(reader)
            counts: Counter[Status] = Counter()
            warned = 0
            outcomes = rehearse_rows(
                reader,
                maker=row_maker(findings.headers, used),
                now=timezone.now(),
                actor=_person(options["user"]),
            )
            with _error_file(options["errors"], findings.headers, findings.dialect.delimiter) as errors:
                for outcome in outcomes:
                    counts[outcome.status] += 1
                    warned += bool(outcome.made.warnings) and outcome.status is not Status.ERROR
                    if errors and outcome.status is Status.ERROR:
                        pairs = [(problem.column, problem.reason) for problem in outcome.made.errors]
                        errors.add(outcome.made.row.line, pairs, outcome.made.row.cells)
                    if counts.total() % 1000 == 0:
                        self._progress(counts.total(), text.lines)
        self._say(counts.total(), counts, warned, opening="Nothing was changed. Of")
        return counts[Status.ERROR]

    # --- What it says ---------------------------------------------------------------------------------------

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done:,} of about {max(done, total):,} rows ", ending="")
            self.stderr.flush()

    def _say(self, rows: int, counts: Counter[Status], warned: int, opening: str = "Of") -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\033[K", ending="")
        said = ", ".join(f"{counts[status]:,} {name}" for status, name in COUNTED)
        self.stdout.write(f"{opening} {rows:,} rows: {said}; {warned:,} with a warning.")


def _load_mapping(path: Path) -> Mapping:
    """JSON is YAML, too."""
    try:
        return read_mapping(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} is neither YAML nor JSON: {error}") from None
    except BadMapping as error:
        raise CommandError(f"{path}: {error}") from None


def _choices(mapping: Mapping | None) -> FileChoices:
    use = (mapping.file if mapping else None) or FileUse()
    return FileChoices(use.encoding, use.delimiter, use.has_header)


def _named(mapping: Mapping, system: str) -> Mapping:
    if system:
        mapping.system = system
    return mapping


def _person(email: str) -> User | None:
    if not email:
        return None
    person = User.objects.filter(email=email.strip().lower()).first()
    if person is None or not person.can(Capability.IMPORT_LEADS):
        raise CommandError(f"Nobody who may import leads has the e-mail address {email}.")
    return person


@contextmanager
def _error_file(path: Path | None, headers: list[str], delimiter: str) -> Iterator[Any]:
    if path is None:
        yield None
        return
    target: TextIO
    with path.open("w", encoding="utf-8", newline="") as target:
        yield ErrorFile(target, headers, delimiter)
