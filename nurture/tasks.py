"""The clock ticks."""

from celery import shared_task
from django.utils import timezone

from nurture.services import send_steps

LONGEST_SWEEP = 30.0
"""Seconds after which a sweep leaves the rest to the next one; they may overlap."""


@shared_task(name="nurture.send_steps")
def sweep() -> int:
    """Queue every step that is due. May run any number of times at once and be killed anywhere."""
    return send_steps(now=timezone.now(), seconds=LONGEST_SWEEP)
