"""`./portal manage import_leads FILE`: the import of the browser, from the command line."""

import os
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from time import sleep
from typing import Any, TextIO

import yaml
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from accounts.roles import Capability
from agreements.models import CalendarRevision
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
from leads.importing.targets import target_of
from leads.models import ImportJob, ImportState
from leads.selectors.imports import errors_of, failed_rows
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
guessing. --print-mapping prints what would be used, to be kept and changed. A date without a zone is one of
--time-zone, else of the mapping's, else of the zone of --user, else of the default agreement's calendar. The
exit code is 0 when every row is in, and 1 when rows had errors or nothing could be imported. Killed half-way,
a worker finishes the import.
"""
MOST_TOLD = 5
"""Problems that the terminal shows; the others are for the error file and the page."""
COUNTED = (
    (Status.CREATED, "created"),
    (Status.UPDATED, "updated"),
    (Status.UNCHANGED, "unchanged"),
    (Status.ERROR, "failed"),
)


Problem = tuple[int, str, str]
"""Line, column and reason."""


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
        parser.add_argument(
            "--time-zone", default="", metavar="ZONE", help="of dates without one, such as Europe/Berlin"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")
        parser.add_argument(
            "--errors", type=Path, metavar="FILE", help="write the rows that failed to this CSV file"
        )
        parser.add_argument("--user", default="", metavar="EMAIL", help="in whose name the import runs")
        parser.add_argument("--print-mapping", action="store_true", help="print the mapping and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        mapping = _load_mapping(options["mapping"]) if options["mapping"] else None
        if options["errors"]:
            _require_writable(options["errors"])
        try:
            with options["file"].open("rb") as file:
                refuse_large(file.seek(0, 2))
                if options["dry_run"] or options["print_mapping"]:
                    failed = self._rehearse(file, mapping, options)
                else:
                    failed = self._import(file, mapping, options)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
        except (NotCsv, NoRoom) as error:
            raise CommandError(str(error)) from None
        except BadMapping as error:
            raise CommandError(f"{error}{_how_to_name_the_system(error)}") from None
        if failed:
            sys.exit(1)

    # --- For real -------------------------------------------------------------------------------------------

    def _import(self, file: Any, mapping: Mapping | None, options: dict[str, Any]) -> int:
        actor = _person(options["user"])
        job = take_file(
            file,
            name=options["file"].name,
            now=timezone.now(),
            actor=actor,
            time_zone=_zone_for(actor),
            choices=_choices(mapping),
        )
        try:
            used = _completed(mapping or read_mapping(job.mapping), options)
            choose_columns(job_id=job.pk, mapping=used, now=timezone.now(), actor=actor)
        except BadMapping:
            job.file.delete(save=False)
            job.delete()
            raise
        start_import(job_id=job.pk, now=timezone.now(), actor=actor)
        self._say_zone(used, options)
        self._work(job)
        self._say(
            job.rows_done, Counter({status: getattr(job, name) for status, name in COUNTED}), job.warned
        )
        if options["errors"]:
            with _error_file(options["errors"], job.headers, job.delimiter) as errors:
                for line, problems, cells in failed_rows(job):
                    errors.add(line, problems, cells)
        self._tell("", _problems(job, warnings=False))
        self._tell("warning: ", _problems(job, warnings=True))
        self._say_where(job.failed, options, "Settings → Imports lists every problem.")
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
            actor = _person(options["user"])
            used = _completed(mapping or likely_mapping(findings, _zone_for(actor))[0], options)
            if options["print_mapping"]:
                self.stdout.write(_printed(used), ending="")
                return 0
            if problems := check_mapping(used, findings.headers):
                raise BadMapping(problems)
            reader = RowReader(lines, findings.dialect, width=len(findings.headers))
            if findings.has_header:
                next(reader)
            counts: Counter[Status] = Counter()
            warned = 0
            failures: list[Problem] = []
            oddities: list[Problem] = []
            self._say_zone(used, options)
            outcomes = rehearse_rows(
                reader,
                maker=row_maker(findings.headers, used),
                now=timezone.now(),
                actor=actor,
            )
            with _error_file(options["errors"], findings.headers, findings.dialect.delimiter) as errors:
                for outcome in outcomes:
                    counts[outcome.status] += 1
                    is_failed = outcome.status is Status.ERROR
                    made, row = outcome.made, outcome.made.row
                    warned += bool(made.warnings) and not is_failed
                    pairs = [(p.column, p.reason) for p in (made.errors if is_failed else made.warnings)]
                    _keep_first(failures if is_failed else oddities, row.line, pairs)
                    if errors and is_failed:
                        errors.add(row.line, pairs, row.cells)
                    if counts.total() % 1000 == 0:
                        self._progress(counts.total(), text.lines)
        self._say(counts.total(), counts, warned, opening="Nothing was changed. Of")
        self._tell("", failures)
        self._tell("warning: ", oddities)
        self._say_where(counts[Status.ERROR], options)
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

    def _tell(self, kind: str, problems: Iterable[Problem]) -> None:
        """The first few problems; whoever needs the counts alone finds them on the other stream."""
        first = list(islice(problems, MOST_TOLD + 1))
        for line, column, reason in first[:MOST_TOLD]:
            self.stderr.write(f"  {kind}line {line}{', ' if column else ''}{column}: {reason}")
        if len(first) > MOST_TOLD:
            self.stderr.write("  …")

    def _say_where(self, failed: int, options: dict[str, Any], page: str = "") -> None:
        if not failed:
            return
        path = options["errors"]
        rows = f"The rows that failed are in {path}" if path else "--errors FILE writes the rows that failed"
        self.stderr.write(f"{rows}, with the reasons. {page}".rstrip())

    def _say_zone(self, used: Mapping, options: dict[str, Any]) -> None:
        """Nobody wrote it down for this file, and dates move by it."""
        targets = [target_of(use.field) for use in used.uses().values()]
        if options["mapping"] or options["time_zone"] or not any(t and t.kind == "date" for t in targets):
            return
        self.stderr.write(
            f"Dates without a time zone are read as in {used.time_zone}; --time-zone changes that."
        )


def _load_mapping(path: Path) -> Mapping:
    """JSON is YAML, too."""
    try:
        return read_mapping(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise CommandError(f"{path} is neither YAML nor JSON: {place}{error.problem}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} is neither YAML nor JSON: {str(error).splitlines()[0]}") from None
    except BadMapping as error:
        raise CommandError(f"{path}: {error}") from None


def _choices(mapping: Mapping | None) -> FileChoices:
    use = (mapping.file if mapping else None) or FileUse()
    return FileChoices(use.encoding, use.delimiter, use.has_header)


def _completed(mapping: Mapping, options: dict[str, Any]) -> Mapping:
    """With what the command line says besides."""
    mapping.system = options["system"] or mapping.system
    mapping.time_zone = options["time_zone"] or mapping.time_zone
    return mapping


def _zone_for(actor: User | None) -> str:
    """Whose day a date alone is: the person's, else that of the default agreement's calendar."""
    if actor is not None:
        return actor.time_zone
    calendars = CalendarRevision.objects.filter(calendar__agreements__is_default=True)
    return calendars.order_by("-number").values_list("zone", flat=True).first() or "UTC"


def _printed(mapping: Mapping) -> str:
    """As YAML, with the zone, and with a place for the system where ids need one: neither is in the file."""
    data = as_data(mapping) | {"time_zone": mapping.time_zone}
    if not mapping.system and any(use.field == "external_id" for use in mapping.uses().values()):
        data["system"] = ""
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))


def _how_to_name_the_system(error: BadMapping) -> str:
    is_missing = any(problem.column == "system" for problem in error.problems)
    return " Give --system NAME, or `system: NAME` in the mapping." if is_missing else ""


def _problems(job: ImportJob, *, warnings: bool) -> Iterable[Problem]:
    return errors_of(job, warnings=warnings).values_list("line", "column", "reason")[: MOST_TOLD + 1]


def _keep_first(kept: list[Problem], line: int, pairs: list[tuple[str, str]]) -> None:
    """No more than are told, however long the file is."""
    kept.extend((line, column, reason) for column, reason in pairs[: MOST_TOLD + 1 - len(kept)])


def _require_writable(path: Path) -> None:
    """Asked before the import, which takes its time and cannot be undone. Raises CommandError."""
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise CommandError(
            f"The errors cannot be written to {path}: name a file in a directory that is there."
        )


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
