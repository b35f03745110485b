"""What workers do for leads."""

from time import monotonic

from celery import shared_task
from django.utils import timezone

from leads.services.imports import advance_next_import, remove_old_files

SLICE = 20.0
"""Seconds after which a worker lets others have it, and is sent for again."""


@shared_task(name="leads.run_waiting_imports")
def run_waiting_imports() -> None:
    """Work on imports till none waits, or somebody else works on them."""
    end = monotonic() + SLICE
    while advance_next_import(now=timezone.now()):
        if monotonic() > end:
            run_waiting_imports.delay()
            return


@shared_task(name="leads.remove_old_imports")
def remove_old_imports() -> None:
    """Delete files that were imported a month ago."""
    remove_old_files(now=timezone.now())
