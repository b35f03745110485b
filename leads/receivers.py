"""What happens to leads when an agreement changes."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accounts.models import User
from agreements.signals import version_activated
from leads.services import place_leads


@receiver(version_activated)
def place_under_the_new_version(now: datetime, actor: User | None, **_: Any) -> None:
    """Its definitions, and the leads it covers, may be others than before."""
    place_leads(now=now, actor=actor)
