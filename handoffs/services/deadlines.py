"""Clocks: started once with all their instants (law 3), ended by the act they wait for, missed on record (law
4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from agreements.business_time import Schedule
from agreements.models import CalendarRevision
from agreements.selectors import current_revision
from agreements.spans import Span
from handoffs.models import Deadline, DeadlineKind, DeadlineOutcome, Handoff, HandoffState, PoolMember
from handoffs.models.clauses import ResponsePolicy
from handoffs.rules import ClockPlan, is_late, next_step, plan_clock
from handoffs.terms import Terms, terms_of


@dataclass(frozen=True)
class _Clock:
    """An obligation about to begin."""

    handoff: Handoff
    kind: DeadlineKind
    owner_id: int
    clause_key: str
    within: Span
    start: datetime
    policy: ResponsePolicy
    step: int = 0

    @property
    def reassign_after(self) -> Span | None:
        """Only what a new owner promises first moves a handoff on."""
        moves_on = self.kind in (DeadlineKind.ACCEPT, DeadlineKind.FIRST_ATTEMPT)
        return self.policy.reassign_after if moves_on else None


# --- Starting -----------------------------------------------------------------------------------------------


def start_clocks(handoffs: Sequence[Handoff], *, now: datetime) -> list[Deadline]:
    """Start what binds whoever got these handoffs now: to accept and to attempt, or for a manager to find an
    owner.

    Needs pool and version.agreement loaded. Three statements for any number. A version that lacks the clause
    gives no clock. Raises `ScheduleError` where a calendar never opens.
    """
    return _start([clock for handoff in handoffs for clock in _clocks_of(handoff, now)])


def start_next_clock(handoff: Handoff, *, start: datetime) -> Deadline | None:
    """Start the next cadence step's clock at the attempt before it; none once the lead answered or all are done."""
    clocks = [_attempt_clock(handoff, terms_of(handoff.version_id), start)]
    started = _start([clock for clock in clocks if clock])
    return started[0] if started else None


def _clocks_of(handoff: Handoff, now: datetime) -> Iterable[_Clock]:
    terms = terms_of(handoff.version_id)
    policy = terms.policy_of(handoff.trigger_key)
    if policy is None:
        return
    if handoff.owner_id is None:
        manager_id = handoff.pool.manager_id
        yield _Clock(handoff, DeadlineKind.ASSIGN, manager_id, policy.key, policy.assign_within, now, policy)
        return
    if handoff.state == HandoffState.OFFERED:
        yield _Clock(
            handoff, DeadlineKind.ACCEPT, handoff.owner_id, policy.key, policy.accept_within, now, policy
        )
    if attempt := _attempt_clock(handoff, terms, now):
        yield attempt


def _attempt_clock(handoff: Handoff, terms: Terms, start: datetime) -> _Clock | None:
    policy, number = terms.policy_of(handoff.trigger_key), handoff.attempts_made + 1
    if policy is None or handoff.owner_id is None or handoff.answered_at is not None:
        return None
    if number == 1:
        kind, key, within = DeadlineKind.FIRST_ATTEMPT, policy.key, policy.first_attempt_within
        return _Clock(handoff, kind, handoff.owner_id, key, within, start, policy, step=1)
    step = next_step(terms.steps_of(handoff.trigger_key), handoff.attempts_made)
    if step is None or step.within is None:
        return None
    kind = DeadlineKind.NEXT_ATTEMPT
    return _Clock(handoff, kind, handoff.owner_id, step.key, step.within, start, policy, step=number)


def _start(clocks: Sequence[_Clock]) -> list[Deadline]:
    if not clocks:
        return []
    calendars = _calendars(clocks)
    revisions = _revisions(calendars)
    plans: dict[tuple[object, ...], ClockPlan] = {}
    rows = []
    for clock, calendar_id in zip(clocks, calendars, strict=True):
        revision = revisions[calendar_id]
        same = (revision.pk, clock.start, clock.within, clock.policy.pk, clock.reassign_after)
        plan = plans.get(same) or plans.setdefault(same, _plan(clock, revision))
        rows.append(_deadline(clock, plan, revision))
    return Deadline.objects.bulk_create(rows)


def _plan(clock: _Clock, revision: CalendarRevision) -> ClockPlan:
    return plan_clock(
        revision.schedule,
        clock.start,
        clock.within,
        remind_after=clock.policy.remind_after,
        escalate_after=clock.policy.escalate_after,
        reassign_after=clock.reassign_after,
    )


def _deadline(clock: _Clock, plan: ClockPlan, revision: CalendarRevision) -> Deadline:
    return Deadline(
        handoff=clock.handoff,
        kind=clock.kind,
        step=clock.step,
        owner_id=clock.owner_id,
        version_id=clock.handoff.version_id,
        clause_key=clock.clause_key,
        calendar=revision,
        started_at=clock.start,
        due_at=plan.due_at,
        remind_at=plan.remind_at,
        escalate_at=plan.escalate_at,
        reassign_at=plan.reassign_at,
        next_action_at=plan.first_at,
    )


def _calendars(clocks: Sequence[_Clock]) -> list[int]:
    """For each clock the id of its calendar: the member's own, else the pool's, else the agreement's."""
    own = {
        (pool_id, user_id): calendar_id
        for pool_id, user_id, calendar_id in PoolMember.objects.filter(
            pool__in={clock.handoff.pool_id for clock in clocks},
            user__in={clock.owner_id for clock in clocks},
            calendar__isnull=False,
        ).values_list("pool_id", "user_id", "calendar_id")
    }
    return [
        own.get((clock.handoff.pool_id, clock.owner_id))
        or clock.handoff.pool.calendar_id
        or clock.handoff.version.agreement.calendar_id
        for clock in clocks
    ]


def _revisions(calendar_ids: Iterable[int]) -> dict[int, CalendarRevision]:
    latest = CalendarRevision.objects.filter(calendar__in=set(calendar_ids)).order_by(
        "calendar_id", "-number"
    )
    return {revision.calendar_id: revision for revision in latest.distinct("calendar_id")}


def schedule_of(handoff: Handoff) -> Schedule:
    """The opening hours of the agreement's own calendar, for spans that bind no person."""
    return current_revision(handoff.version.agreement.calendar_id).schedule


# --- Ending -------------------------------------------------------------------------------------------------


def end_clocks(
    handoffs: Sequence[Handoff],
    *,
    now: datetime,
    met_at: datetime | None = None,
    kinds: Sequence[DeadlineKind] = tuple(DeadlineKind),
) -> None:
    """End the open clocks of locked handoffs: met by an act done at `met_at`, or no longer needed.

    What was overdue by now and not yet on record as a breach is recorded first, whoever comes sooner, the
    sweep or this.
    """
    clocks = list(
        Deadline.objects.open()
        .filter(handoff__in=handoffs, kind__in=kinds)
        .select_related("calendar")
        .order_by("pk")
    )
    record_breaches([clock.pk for clock in clocks if is_late(clock.due_at, at=now)], now=now)
    for clock in clocks:
        _end(clock, ended_at=met_at or now, met=met_at is not None)
    if clocks:
        Deadline.objects.bulk_update(
            clocks, ["outcome", "ended_at", "took", "next_action_at"], batch_size=500
        )


def _end(clock: Deadline, *, ended_at: datetime, met: bool) -> None:
    clock.ended_at, clock.next_action_at = ended_at, None
    if not met:
        clock.outcome = DeadlineOutcome.CANCELLED
        return
    late = is_late(clock.due_at, at=ended_at)
    clock.outcome = DeadlineOutcome.MET_LATE if late else DeadlineOutcome.MET
    clock.took = max(clock.calendar.schedule.elapsed(clock.started_at, ended_at), timedelta(0))


# --- Breaches -----------------------------------------------------------------------------------------------

RECORD = """
INSERT INTO handoffs_breach
    (deadline_id, handoff_id, kind, owner_id, team_id, version_id, clause_key, due_at, recorded_at)
SELECT missed.id, handoff_id, kind, owner_id, team_id, version_id, clause_key, due_at, %(now)s
FROM handoffs_deadline missed JOIN accounts_user ON accounts_user.id = owner_id
WHERE missed.id = ANY(%(ids)s)
ON CONFLICT (deadline_id) DO NOTHING
RETURNING deadline_id
"""


def record_breaches(deadline_ids: Sequence[int], *, now: datetime) -> list[int]:
    """Put missed deadlines on record, each once (law 4), and return the ids of those that were not yet."""
    if not deadline_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(RECORD, {"ids": list(deadline_ids), "now": now})
        return [deadline_id for (deadline_id,) in cursor.fetchall()]
