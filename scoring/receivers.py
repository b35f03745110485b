"""What scoring does when leads change and when a version comes into force."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from accounts.models import User
from agreements.signals import version_activated
from leads.signals import leads_ingested
from scoring.services import rescore
from scoring.tasks import rescore_decayed


@receiver(leads_ingested)
def score_ingested(
    *, lead_ids: Sequence[int], activity_ids: Sequence[int], now: datetime, actor: User | None, **_: Any
) -> None:
    """Leads came or did something: score them in the same transaction."""
    rescore(lead_ids, now=now, actor=actor, activity_ids=activity_ids)


@receiver(version_activated)
def score_by_new_version(**_: Any) -> None:
    """Every lead under it wants a new score. If no worker hears of it now, the hourly sweep finds them."""
    transaction.on_commit(rescore_decayed.delay, robust=True)
