"""The owner takes a handoff on, or puts it aside for a while."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from handoffs.models import Deadline, DeadlineKind, EventKind, Handoff, HandoffState
from handoffs.rules import Act, is_late
from handoffs.services.deadlines import end_clocks
from handoffs.services.events import event
from handoffs.services.locks import check_legal, check_owner, lock_for, lock_handoff
from handoffs.services.refusals import AlreadyOverdue, SnoozeOutOfTime


@transaction.atomic
def accept_handoff(*, handoff_id: int, now: datetime, actor: User) -> Handoff:
    """The owner takes the handoff on; its accept clock is met. Accepting again what is being worked changes
    nothing.

    Raises `HandoffNotOpen`, `NotYourHandoff`.
    """
    handoff = lock_handoff(handoff_id)
    check_owner(handoff, actor)
    if handoff.state == HandoffState.ACCEPTED:
        return handoff
    check_legal(handoff, Act.ACCEPT)
    accept(handoff, at=now, now=now, actor=actor)
    handoff.save(update_fields=["state", "accepted_at", "updated_at"])
    return handoff


def accept(handoff: Handoff, *, at: datetime, now: datetime, actor: User) -> None:
    """Accept a locked, offered handoff with effect from `at`; the caller saves it."""
    end_clocks([handoff], now=now, met_at=at, kinds=[DeadlineKind.ACCEPT])
    handoff.state, handoff.accepted_at, handoff.updated_at = HandoffState.ACCEPTED, at, now
    event(handoff, EventKind.ACCEPTED, now=now, actor=actor).save()


@transaction.atomic
def snooze_handoff(*, handoff_id: int, until: datetime, now: datetime, actor: User) -> Handoff:
    """Put a handoff out of sight until an instant, at the latest when its clock runs out. No clock stops for
    it.

    Raises `HandoffNotOpen`, `NotYourHandoff`, `AlreadyOverdue`, `SnoozeOutOfTime`.
    """
    handoff = lock_for(Act.SNOOZE, handoff_id, actor=actor)
    clocks = Deadline.objects.pressing().filter(handoff=handoff).order_by("due_at")
    due_at = clocks.values_list("due_at", flat=True).first()
    if due_at and is_late(due_at, at=now):
        raise AlreadyOverdue
    if until <= now or (due_at and until > due_at):
        raise SnoozeOutOfTime(latest=due_at)
    handoff.snoozed_until, handoff.updated_at = until, now
    handoff.save(update_fields=["snoozed_until", "updated_at"])
    event(handoff, EventKind.SNOOZED, now=now, actor=actor, data={"until": until.isoformat()}).save()
    return handoff


@transaction.atomic
def wake_handoff(*, handoff_id: int, now: datetime, actor: User) -> Handoff:
    """Take back a snooze: the handoff stands in its place of the queue again. Awake already, nothing changes.

    Raises `HandoffNotOpen`, `NotYourHandoff`.
    """
    handoff = lock_for(Act.SNOOZE, handoff_id, actor=actor)
    if handoff.snoozed_until is None:
        return handoff
    handoff.snoozed_until, handoff.updated_at = None, now
    handoff.save(update_fields=["snoozed_until", "updated_at"])
    event(handoff, EventKind.SNOOZED, now=now, actor=actor, data={"until": None}).save()
    return handoff
