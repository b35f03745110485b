"""Scores that time or a new version changes."""

from celery import shared_task
from django.utils import timezone

from scoring import services


@shared_task(name="scoring.rescore_decayed")
def rescore_decayed() -> int:
    """Hourly, and when a version comes into force: score anew what is not as it should be by now.

    May run at any moment, any number of times, in any number of workers; a killed one loses its last batch.
    """
    return services.rescore_stale(now=timezone.now(), actor=None)
