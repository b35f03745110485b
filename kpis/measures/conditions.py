"""The conditions by which facts belong to a measure, each in one place."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q

from handoffs.models import (
    DeadlineKind,
    DeadlineOutcome,
    EventKind,
    HandoffEvent,
    HandoffState,
    ReturnReason,
    Waiver,
)
from kpis.measures.kinds import Where
from kpis.scopes import Scope
from nurture.models import Enrolment

ENROLLED_WITHIN = timedelta(hours=24)


BECAME_CUSTOMER = Q(became_customer_at__isnull=False)
BECAME_SQL = Q(became_sql_at__isnull=False)
BECAME_MQL_OR_MORE = Q(became_mql_at__isnull=False) | BECAME_SQL
WAS_MQL = Q(became_mql_at__lte=F("became_customer_at"))


def stands(scope: Scope, now: datetime) -> Q:
    """Its end was not overruled in a dispute: then the handoff made anew counts, and not this one."""
    overruled = HandoffEvent.objects.filter(handoff=OuterRef("pk"), kind=EventKind.RULED, data__upheld=False)
    return ~Q(Exists(overruled))


def judged(*kinds: DeadlineKind) -> Where:
    """Clocks of these kinds that were kept by now, or missed without being waived.

    Not judged: what still runs, and what was no longer needed before it fell due.
    """
    return lambda scope, now: Q(kind__in=kinds) & (_KEPT | _missed(now))


def kept(*kinds: DeadlineKind) -> Where:
    return lambda scope, now: Q(kind__in=kinds) & _KEPT


_REJECTED_IN_TIME = Q(
    kind=DeadlineKind.ACCEPT,
    outcome=DeadlineOutcome.CANCELLED,
    ended_at__lte=F("due_at"),
    handoff__state=HandoffState.REJECTED,
    handoff__ended_at=F("ended_at"),
)
"""To reject is to answer, too: no clock of acceptance is met by it, it ends."""
_KEPT = Q(outcome=DeadlineOutcome.MET) | _REJECTED_IN_TIME


def _missed(now: datetime) -> Q:
    ended_late = Q(outcome=DeadlineOutcome.CANCELLED, ended_at__gt=F("due_at"))
    late = Q(outcome=DeadlineOutcome.MET_LATE) | Q(outcome=DeadlineOutcome.OPEN, due_at__lt=now) | ended_late
    # Looked up for the missed ones alone. A join would read every breach there ever was.
    return late & ~Q(Exists(Waiver.objects.filter(breach__deadline=OuterRef("pk"))))


def _names_a_track(scope: Scope, now: datetime) -> Q:
    reason = ReturnReason.objects.filter(version=OuterRef("version"), key=OuterRef("reason_key"))
    return Q(state=HandoffState.RETURNED) & Q(Exists(reason.exclude(track="")))


def enrolled(scope: Scope, now: datetime) -> Q:
    in_time = Enrolment.objects.filter(
        handoff=OuterRef("pk"), started_at__lte=OuterRef("ended_at") + ENROLLED_WITHIN
    )
    return Q(Exists(in_time))


def enrolment_is_due(scope: Scope, now: datetime) -> Q:
    return _names_a_track(scope, now) & (Q(ended_at__lt=now - ENROLLED_WITHIN) | enrolled(scope, now))
