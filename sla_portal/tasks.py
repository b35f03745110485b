"""The worker's sign of life."""

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

HEARTBEAT = "worker-heartbeat"


@shared_task(name="sla_portal.heartbeat")
def heartbeat() -> None:
    """Say that beat schedules and a worker works; Settings → Health shows how long ago."""
    cache.set(HEARTBEAT, timezone.now(), timeout=None)
