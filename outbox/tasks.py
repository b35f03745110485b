"""What workers do for e-mails."""

from celery import shared_task
from django.utils import timezone

from outbox import services


@shared_task(name="outbox.deliver_mails")
def deliver_mails() -> int:
    """Send what waits. May run any number of times at once and be killed anywhere."""
    return services.deliver_mails(now=timezone.now())


@shared_task(name="outbox.empty_old_mails")
def empty_old_mails() -> int:
    """Remove the text of old e-mails."""
    return services.empty_old_mails(now=timezone.now())
