"""What the passing of time does: the next step of everybody whose time has come.

Everything it needs stands in PostgreSQL: any number of workers may sweep at once, be killed anywhere, or come
late. What is sent and that it was sent commit together, and the database takes no step twice.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import structlog
from django.db import connection, transaction

from nurture.models import (
    Delivery,
    EndedWhy,
    Enrolment,
    EnrolmentState,
    Hold,
    Step,
    SuppressedWhy,
)
from nurture.services.enrolling import hold_of, must_not_write, suppressed_among
from nurture.services.letters import mail
from nurture.services.plans import Plan, schedule_of, text_of, texts_received
from nurture.services.suppressing import suppress_addresses
from outbox.services import Mail, queue_mails
from outbox.services.mails import address_problem

log = structlog.get_logger(__name__)

CLAIM = """
SELECT id FROM nurture_enrolment
WHERE state = 'active' AND next_at IS NOT NULL AND next_at <= %(now)s AND NOT id = ANY(%(but)s)
ORDER BY next_at
LIMIT %(limit)s
FOR NO KEY UPDATE SKIP LOCKED
"""
CHANGED = ("state", "position", "due_at", "next_at", "hold", "ended_at", "ended_why", "updated_at")


def send_steps(*, now: datetime, limit: int = 500, seconds: float | None = None) -> int:
    """Queue the step of every enrolment that is due by `now`, and return how many e-mails that were.

    Batches of at most `limit` enrolments are a transaction each; their cost depends on what is due, not on
    who is in tracks. What somebody else holds at the moment is left to the next sweep, and so is what remains
    after `seconds`. Whoever must not be written to leaves, whoever cannot be is held, and whoever has stayed
    to the end is through. One that cannot be sent is logged and does not hold the others up.
    """
    until = None if seconds is None else monotonic() + seconds
    sent, size = 0, limit
    broken: list[int] = []
    while until is None or monotonic() < until:
        claimed: list[int] = []
        try:
            with transaction.atomic():
                claimed = _claim(now=now, limit=size, but=broken)
                if not claimed:
                    break
                sent += _send(claimed, now)
        except Exception:
            if not claimed:
                raise
            if len(claimed) == 1:
                broken += claimed
                log.exception("nurture_step_not_sent", enrolment=claimed[0])
            size = limit if len(claimed) == 1 else 1
    return sent


def _claim(**values: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        return [enrolment_id for (enrolment_id,) in cursor.fetchall()]


@dataclass
class _Batch:
    """What a batch sends; `suppressed` and `received` are known before."""

    suppressed: dict[str, str]
    received: dict[int, set[str]]
    mails: list[Mail] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    bad_addresses: dict[str, str] = field(default_factory=dict)


def _send(enrolment_ids: Sequence[int], now: datetime) -> int:
    enrolments = list(
        Enrolment.objects.filter(pk__in=enrolment_ids)
        .select_related("lead__company", "track__agreement", "revision")
        .order_by("pk")
    )
    plans = _plans(enrolments)
    batch = _Batch(
        suppressed=suppressed_among(each.lead.email for each in enrolments if each.lead.email),
        received=texts_received([each.lead_id for each in enrolments]),
    )
    for enrolment in enrolments:
        _pass(enrolment, plans[enrolment.revision_id], batch, now)
    _write(enrolments, batch, now)
    return len(batch.mails)


def _plans(enrolments: Sequence[Enrolment]) -> dict[int, Plan]:
    revisions = {each.revision_id: each.revision for each in enrolments}
    tracks = {each.revision_id: each.track for each in enrolments}
    steps: dict[int, list[Step]] = {}
    for step in Step.objects.filter(revision__in=list(revisions)).order_by("revision_id", "position"):
        steps.setdefault(step.revision_id, []).append(step)
    schedules = {track.agreement_id: schedule_of(track) for track in set(tracks.values())}
    return {
        pk: Plan(revision, schedules[tracks[pk].agreement_id], steps.get(pk, []))
        for pk, revision in revisions.items()
    }


def _pass(enrolment: Enrolment, plan: Plan, batch: _Batch, now: datetime) -> None:
    """Decide what becomes of one enrolment whose time has come."""
    enrolment.updated_at = now
    step = plan.step(enrolment.position)
    if why := must_not_write(enrolment.lead, batch.suppressed):
        _end(enrolment, why, now)
    elif step is None:
        _end(enrolment, EndedWhy.FINISHED, now)
    elif hold := hold_of(enrolment.lead, enrolment.track):
        enrolment.hold, enrolment.next_at = hold, None
    elif problem := address_problem(enrolment.lead.email or ""):
        batch.bad_addresses[enrolment.lead.email or ""] = problem
        _end(enrolment, EndedWhy.BOUNCED, now)
    else:
        batch.mails.append(mail(enrolment, step))
        batch.deliveries.append(
            Delivery(enrolment=enrolment, step=step, address=enrolment.lead.email or "", queued_at=now)
        )
        batch.received[enrolment.lead_id].add(text_of(step))
        _move_on(enrolment, plan, batch.received[enrolment.lead_id], now)


def _end(enrolment: Enrolment, why: EndedWhy, now: datetime) -> None:
    enrolment.state, enrolment.ended_at, enrolment.ended_why = EnrolmentState.ENDED, now, why
    enrolment.hold, enrolment.next_at = Hold.NONE, None


def _move_on(enrolment: Enrolment, plan: Plan, texts: Set[str], now: datetime) -> None:
    enrolment.position = plan.next_new(texts, after=enrolment.position)
    enrolment.due_at = plan.due(enrolment.position, after=now, started_at=enrolment.started_at)
    enrolment.next_at = enrolment.due_at


def _write(enrolments: Sequence[Enrolment], batch: _Batch, now: datetime) -> None:
    for delivery, message_id in zip(batch.deliveries, queue_mails(batch.mails, now=now), strict=True):
        delivery.message_id = message_id
    Delivery.objects.bulk_create(batch.deliveries)
    for address, problem in batch.bad_addresses.items():
        suppress_addresses({address: None}, why=SuppressedWhy.BOUNCED, detail=problem, now=now)
    Enrolment.objects.bulk_update(enrolments, CHANGED)
