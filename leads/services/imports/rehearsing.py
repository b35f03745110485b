"""What an import would do, without doing it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from accounts.models import User
from leads.importing.mapping import read_mapping
from leads.importing.reading import Row
from leads.importing.rows import RowMaker
from leads.models import ImportJob, RowError
from leads.services.imports.files import open_file
from leads.services.imports.running import PIECE, open_rows, row_error, row_maker
from leads.services.imports.seen import SeenInMemory
from leads.services.imports.writing import RowOutcome, write_rows
from leads.services.items import Status

SAMPLE = 1000


@dataclass
class Rehearsal:
    """What the first rows of a file would do. `is_whole` if the file has no more of them."""

    outcomes: list[RowOutcome]
    is_whole: bool
    counts: Counter[Status] = field(default_factory=Counter)
    errors: list[RowError] = field(default_factory=list)
    warnings: list[RowError] = field(default_factory=list)


def rehearse_sample(*, job: ImportJob, now: datetime, actor: User | None, most: int = SAMPLE) -> Rehearsal:
    """Import the first rows and undo it. Raises `FileNotFoundError`."""
    maker = row_maker(job.headers, read_mapping(job.mapping))
    with open_file(job) as file:
        reader = open_rows(job, file)
        outcomes = list(rehearse_rows(islice(reader, most), maker=maker, now=now, actor=actor))
        is_whole = next(reader, None) is None
    rehearsal = Rehearsal(outcomes, is_whole, Counter(outcome.status for outcome in outcomes))
    for outcome in outcomes:
        row = outcome.made.row
        rehearsal.errors += [row_error(job, row, problem, False) for problem in outcome.made.errors]
        if outcome.status is not Status.ERROR:
            rehearsal.warnings += [row_error(job, row, problem, True) for problem in outcome.made.warnings]
    return rehearsal


def rehearse_rows(
    rows: Iterable[Row], *, maker: RowMaker, now: datetime, actor: User | None
) -> Iterator[RowOutcome]:
    """Import rows piece by piece and undo each piece. A later piece does not see the leads of an earlier one,
    but is told which leads it spoke of.
    """
    seen = SeenInMemory()
    remaining = iter(rows)
    while piece := list(islice(remaining, PIECE)):
        yield from write_rows(piece, maker=maker, seen=seen, now=now, actor=actor, dry_run=True)
