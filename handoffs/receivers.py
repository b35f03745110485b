"""What handoffs do when leads are scored or move on elsewhere, and when people leave."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import role_changed, user_deactivated
from handoffs.services import follow_stages, hand_over_scored, release_handoffs
from leads.models import StageChange
from leads.signals import stages_changed
from leads.stages import OFF_LADDER, Stage, rank
from scoring.signals import leads_scored


@receiver(leads_scored)
def hand_over(
    *,
    activity_ids: Sequence[int],
    qualified_ids: Sequence[int],
    now: datetime,
    actor: User | None,
    **_: Any,
) -> None:
    """Triggers fire in the transaction that ingested the leads."""
    hand_over_scored(activity_ids=activity_ids, qualified_ids=qualified_ids, now=now, actor=actor)


@receiver(stages_changed)
def follow(*, changes: Sequence[StageChange], now: datetime, actor: User | None, **_: Any) -> None:
    """A lead that became SQL, was won or lost elsewhere is not worked on."""
    moved_on = {
        change.lead_id
        for change in changes
        if change.to_stage in OFF_LADDER or rank(change.to_stage) >= rank(Stage.SQL)
    }
    if moved_on:
        follow_stages(lead_ids=sorted(moved_on), now=now, actor=actor)


@receiver([user_deactivated, role_changed])
def release(*, user_ids: Sequence[int], now: datetime, actor: User | None, **_: Any) -> None:
    """No handoff stays with somebody who may not work it, no pool with somebody who may not lead it."""
    release_handoffs(user_ids=user_ids, now=now, actor=actor)
