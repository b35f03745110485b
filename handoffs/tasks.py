"""The clock ticks."""

from celery import shared_task
from django.utils import timezone

from handoffs.services import sweep_deadlines

LONGEST_SWEEP = 30.0
"""Seconds after which a sweep leaves the rest to the next one; they may overlap."""


@shared_task(name="handoffs.sweep_deadlines")
def sweep() -> int:
    """Act on every deadline whose instant has passed. May run any number of times at once and be killed
    anywhere.
    """
    return sweep_deadlines(now=timezone.now(), seconds=LONGEST_SWEEP)
