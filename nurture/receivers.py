"""What nurture does when leads come back, move on, or change, and when e-mails went out or were refused."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accounts.models import User
from agreements.signals import version_activated
from handoffs.models import Handoff
from handoffs.signals import handoffs_created, handoffs_ended
from leads.models import StageChange
from leads.signals import leads_ingested, stages_changed
from nurture.models import Delivery, EndedWhy
from nurture.services import (
    end_enrolments,
    enrol_returned,
    ensure_tracks,
    follow_stages,
    refresh_holds,
    take_bounces,
)
from outbox.signals import mails_refused, mails_sent


@receiver(version_activated)
def make_tracks(*, version_id: int, now: datetime, **_: Any) -> None:
    """Every track the agreement promises is there, to be started."""
    ensure_tracks(version_id, None, now=now)


@receiver(handoffs_ended)
def take_back(*, handoff_ids: Sequence[int], now: datetime, actor: User | None, **_: Any) -> None:
    """In the transaction of the return."""
    enrol_returned(handoff_ids, now=now, actor=actor)


@receiver(handoffs_created)
def give_up(*, handoff_ids: Sequence[int], now: datetime, **_: Any) -> None:
    """Sales has them again."""
    lead_ids = (
        Handoff.objects.filter(pk__in=handoff_ids).order_by("lead_id").values_list("lead_id", flat=True)
    )
    end_enrolments(dict.fromkeys(lead_ids, EndedWhy.QUALIFIED), now=now)


@receiver(stages_changed)
def follow(*, changes: Sequence[StageChange], now: datetime, **_: Any) -> None:
    """Whoever qualifies, buys or drops out is not nurtured."""
    follow_stages(changes, now=now)


@receiver(leads_ingested)
def look_again(*, lead_ids: Sequence[int], now: datetime, **_: Any) -> None:
    """An address or a consent came, or went."""
    refresh_holds(lead_ids, now=now)


@receiver(mails_sent)
def note_sent(*, message_ids: Sequence[int], now: datetime, **_: Any) -> None:
    Delivery.objects.filter(message__in=message_ids, sent_at=None).update(sent_at=now)


@receiver(mails_refused)
def note_refused(*, message_ids: Sequence[int], now: datetime, **_: Any) -> None:
    take_bounces(message_ids, now=now)
