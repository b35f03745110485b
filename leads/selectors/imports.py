"""Reads of imports."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from leads.models import ImportJob, ImportMapping, RowError

MOST_REMEMBERED = 100


def imports() -> QuerySet[ImportJob]:
    """All imports, the newest first, with who began them."""
    return ImportJob.objects.select_related("created_by")


def untouched_since(at: datetime) -> QuerySet[ImportJob]:
    """Imports that are to be worked on and have had no turn since an instant: they wait in vain for a first
    one, or whoever worked on them is gone."""
    return ImportJob.objects.to_do().alias(turn_at=Coalesce("worked_at", "started_at")).filter(turn_at__lt=at)


def errors_of(job: ImportJob, *, warnings: bool) -> QuerySet[RowError]:
    """What was wrong (or, as warnings, odd) with the rows of a file, by line."""
    return RowError.objects.filter(job=job, is_warning=warnings)


def failed_rows(job: ImportJob) -> Iterator[tuple[int, list[tuple[str, str]], list[str]]]:
    """Each row that was not imported: its line, pairs of heading and reason, its cells. Read in pieces."""
    found = (
        errors_of(job, warnings=False)
        .values_list("line", "column", "reason", "row")
        .iterator(chunk_size=1000)
    )
    for line, group in groupby(found, key=lambda error: error[0]):
        errors = list(group)
        yield line, [(column, reason) for _, column, reason, _ in errors], errors[0][3]


def remembered_mappings() -> list[ImportMapping]:
    """How columns were mapped before, the latest first."""
    return list(ImportMapping.objects.order_by("-updated_at")[:MOST_REMEMBERED])
