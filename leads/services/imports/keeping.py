"""How long files are kept."""

from datetime import datetime, timedelta

from django.db import transaction

from leads.models import ImportJob, ImportKey, ImportState, RowError

KEPT_FOR = timedelta(days=30)


def remove_old_files(*, now: datetime) -> int:
    """Delete the files of imports that have been over, or left lying before they began, for 30 days, with the
    rows that were not imported: both hold personal data that nobody needs twice. The counts stay. Returns how
    many.
    """
    old = ImportJob.objects.filter(created_at__lt=now - KEPT_FOR).exclude(file="")
    jobs = list(old.exclude(state__in=[ImportState.WAITING, ImportState.RUNNING]))
    for job in jobs:
        _remove(job, now)
    return len(jobs)


@transaction.atomic
def _remove(job: ImportJob, now: datetime) -> None:
    name, storage = job.file.name, job.file.storage
    RowError.objects.filter(job=job).delete()
    ImportKey.objects.filter(job=job).delete()
    job.file = ""
    if job.state == ImportState.UPLOADED:
        job.state, job.finished_at = ImportState.STOPPED, now
    job.save(update_fields=["file", "state", "finished_at"])
    if name:
        transaction.on_commit(lambda: storage.delete(name))
