"""A person tried to reach the lead: the only thing that meets a contact obligation (law 10)."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import User
from handoffs.models import ANSWERS, Attempt, DeadlineKind, Handoff, HandoffState
from handoffs.rules import Act
from handoffs.services.acts import accept
from handoffs.services.deadlines import end_clocks, start_next_clock
from handoffs.services.locks import check_legal, check_owner, lock_handoff
from handoffs.services.refusals import AttemptOutOfTime, KeyTaken

_CONTACT = (DeadlineKind.FIRST_ATTEMPT, DeadlineKind.NEXT_ATTEMPT)


def log_attempt(
    *,
    handoff_id: int,
    channel: str,
    outcome: str,
    note: str = "",
    at: datetime | None = None,
    key: str | None = None,
    now: datetime,
    actor: User,
) -> Attempt:
    """Log that the actor tried to reach the lead at `at` (now, if none).

    It stops the clock of the step it answers and starts the next step's at the attempt, unless the lead
    answered; on an offered handoff it is the acceptance, too. It is in time by `at`; a breach is on record
    all the same if it is logged after the due instant. The same `key` again gives the attempt of the first
    time.

    Raises `HandoffNotOpen`, `NotYourHandoff`, `AttemptOutOfTime` (in the future, or before the minute of
    assignment), `KeyTaken` (the key was used on another handoff).
    """
    try:
        with transaction.atomic():
            return _log(handoff_id, channel, outcome, note, at or now, key, now, actor)
    except IntegrityError as clash:
        if key and Attempt.objects.filter(key=key).exclude(handoff=handoff_id).exists():
            raise KeyTaken(key) from clash
        raise


def _log(
    handoff_id: int,
    channel: str,
    outcome: str,
    note: str,
    at: datetime,
    key: str | None,
    now: datetime,
    actor: User,
) -> Attempt:
    handoff = lock_handoff(handoff_id)
    check_owner(handoff, actor)
    if key and (known := Attempt.objects.filter(handoff=handoff, key=key).first()):
        return known
    check_legal(handoff, Act.ATTEMPT)
    at = _checked(at, handoff, now)
    if handoff.state == HandoffState.OFFERED:
        accept(handoff, at=at, now=now, actor=actor)
    end_clocks([handoff], now=now, met_at=at, kinds=_CONTACT)
    _count(handoff, outcome, at, now)
    attempt = Attempt.objects.create(
        handoff=handoff,
        number=handoff.attempts_made,
        user=actor,
        channel=channel,
        outcome=outcome,
        note=note,
        at=at,
        recorded_at=now,
        key=key or None,
    )
    start_next_clock(handoff, start=handoff.last_attempt_at or at)
    return attempt


def _checked(at: datetime, handoff: Handoff, now: datetime) -> datetime:
    """People say the minute: an attempt in the minute of the assignment counts from the assignment."""
    assigned_at = handoff.assigned_at or handoff.created_at
    if not assigned_at.replace(second=0, microsecond=0) <= at <= now:
        raise AttemptOutOfTime(earliest=assigned_at)
    return max(at, assigned_at)


def _count(handoff: Handoff, outcome: str, at: datetime, now: datetime) -> None:
    handoff.attempts_made += 1
    handoff.first_attempt_at = min(at, handoff.first_attempt_at or at)
    handoff.last_attempt_at = max(at, handoff.last_attempt_at or at)
    if outcome in ANSWERS:
        handoff.answered_at = min(at, handoff.answered_at or at)
    handoff.snoozed_until, handoff.updated_at = None, now
    handoff.save(
        update_fields=[
            "state",
            "accepted_at",
            "attempts_made",
            "first_attempt_at",
            "last_attempt_at",
            "answered_at",
            "snoozed_until",
            "updated_at",
        ]
    )
