"""What a sales manager watches: who is about to miss a clock or has, and how each rep stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from handoffs.models import Breach, Deadline, DeadlineKind, DeadlineOutcome, Handoff, PoolMember, TimeOff
from handoffs.models.facts import OPEN_STATES, HandoffQuerySet, HandoffState
from handoffs.rules import TOO_FEW_AFTER, UNTOUCHED_AFTER
from handoffs.selectors.queue import all_handoffs
from handoffs.terms import terms_of

MEASURED = timedelta(days=30)
"""How far back a rep's share of clocks met and response time look."""


class Show(models.TextChoices):
    """What the board lists; each has its figure."""

    RISK = "risk", _("Late or due soon")
    UNTOUCHED = "untouched", _("Untouched for 24 h")
    TOO_FEW = "too_few", _("Too few attempts in 14 days")
    BREACHED = "breached", _("Breached today")
    UNASSIGNED = "unassigned", _("Waiting for an owner")
    DISPUTED = "disputed", _("Disputed")
    OPEN = "open", _("All open")


@dataclass(frozen=True)
class Scope:
    """Whose handoffs the board looks at."""

    pool_id: int | None = None
    owner_id: int | None = None

    def of(self, handoffs: HandoffQuerySet) -> HandoffQuerySet:
        if self.pool_id is not None:
            handoffs = handoffs.filter(pool=self.pool_id)
        return handoffs.filter(owner=self.owner_id) if self.owner_id is not None else handoffs


def shown(show: Show, scope: Scope, *, now: datetime, tz: tzinfo) -> QuerySet[Handoff]:
    """The handoffs that a figure of the board counts."""
    return scope.of(Handoff.objects.all()).filter(_condition(show, now, tz))


def figures(scope: Scope, *, now: datetime, tz: tzinfo) -> dict[Show, int]:
    """Every figure of the board. Three statements, each by an index: most handoffs have ended long ago."""
    still_open = [show for show in Show if show not in (Show.BREACHED, Show.DISPUTED)]
    counts = {show.value: Count("pk", filter=_condition(show, now, tz)) for show in still_open}
    counted = scope.of(Handoff.objects.open()).aggregate(**counts)
    others = {
        show.value: shown(show, scope, now=now, tz=tz).count() for show in (Show.BREACHED, Show.DISPUTED)
    }
    return {show: (counted | others)[show.value] for show in Show}


def listed(show: Show, scope: Scope, *, now: datetime, tz: tzinfo) -> QuerySet[Handoff]:
    """The same handoffs with what a row shows, the one that is due first on top."""
    first_due = (
        Deadline.objects.pressing().filter(handoff=OuterRef("pk")).order_by("due_at").values("due_at")[:1]
    )
    return (
        scope.of(all_handoffs())
        .filter(_condition(show, now, tz))
        .annotate(first_due_at=models.Subquery(first_due))
        .order_by(F("first_due_at").asc(nulls_last=True), "pk")
    )


def _condition(show: Show, now: datetime, tz: tzinfo) -> Q:
    is_open = Q(state__in=OPEN_STATES)
    conditions: dict[Show, Callable[[], Q]] = {
        Show.RISK: lambda: is_open & Q(pk__in=_close(now).values("handoff")),
        Show.UNTOUCHED: lambda: is_open & Q(attempts_made=0, created_at__lt=now - UNTOUCHED_AFTER),
        Show.TOO_FEW: lambda: is_open & Q(answered_at=None, created_at__lt=now - TOO_FEW_AFTER) & _too_few(),
        Show.BREACHED: lambda: Q(pk__in=_breached_today(now, tz).values("handoff")),
        Show.UNASSIGNED: lambda: Q(state=HandoffState.UNASSIGNED),
        Show.DISPUTED: lambda: Q(disputed_at__isnull=False),
        Show.OPEN: lambda: is_open,
    }
    return conditions[show]()


def _close(now: datetime) -> QuerySet[Deadline]:
    return Deadline.objects.pressing().filter(Q(due_at__lt=now) | Q(remind_at__lte=now))


def _breached_today(now: datetime, tz: tzinfo) -> QuerySet[Breach]:
    return Breach.objects.filter(due_at__gte=_midnight(now, tz), due_at__lte=now)


def _too_few() -> Q:
    """Fewer attempts than the cadence of the handoff's own version asks for."""
    short = Q(pk__in=[])
    pairs = Handoff.objects.open().order_by().values_list("version_id", "trigger_key").distinct()
    for version_id, trigger_key in pairs:
        cadence = terms_of(version_id).cadence_of(trigger_key)
        if cadence:
            short |= Q(
                version=version_id, trigger_key=trigger_key, attempts_made__lt=cadence.minimum_attempts
            )
    return short


def _midnight(now: datetime, tz: tzinfo) -> datetime:
    return now.astimezone(tz).replace(hour=0, minute=0, second=0, microsecond=0)


# --- Reps ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """What is open now."""

    open: int = 0
    due_today: int = 0
    late: int = 0


@dataclass(frozen=True)
class Kept:
    """The share of clocks met, and the median response time in business time; none where nothing was measured.

    What was missed and waived is in neither part of the share, as in the measures.
    """

    met_share: float | None = None
    response: timedelta | None = None


@dataclass(frozen=True)
class RepLine:
    """How one rep stands: the load now, and what was kept over the last 30 days."""

    user: User
    capacity: int | None
    """How many handoffs may come by turn; none for somebody who takes none by now and still holds some."""
    load: Load
    kept: Kept
    away_until: datetime | None


def rep_lines(scope: Scope, *, now: datetime, tz: tzinfo) -> list[RepLine]:
    """Who takes handoffs in the pools looked at, and who holds some of theirs; the one with most late clocks
    first. Six statements.
    """
    capacity: dict[int, int | None] = dict.fromkeys(_holders(scope))
    capacity |= _capacities(scope)
    loads, kept = _loads(capacity, now, tz), _kept(capacity, now)
    times_off = TimeOff.objects.filter(user__in=capacity, starts_at__lte=now, ends_at__gt=now)
    away = dict(times_off.values_list("user", "ends_at"))
    lines = [
        RepLine(
            user=user,
            capacity=capacity[user.pk],
            load=loads.get(user.pk, Load()),
            kept=kept.get(user.pk, Kept()),
            away_until=away.get(user.pk),
        )
        for user in User.objects.filter(pk__in=capacity)
    ]
    return sorted(lines, key=lambda line: (-line.load.late, line.user.name))


def _holders(scope: Scope) -> QuerySet[Handoff, Any]:
    """The ids of those who own open handoffs, whether they take more or not."""
    held = Scope(pool_id=scope.pool_id).of(Handoff.objects.open()).filter(owner__isnull=False)
    return held.order_by().values_list("owner", flat=True).distinct()


def _capacities(scope: Scope) -> dict[int, int]:
    members = PoolMember.objects.filter(is_active=True, user__is_active=True)
    if scope.pool_id is not None:
        members = members.filter(pool=scope.pool_id)
    return dict(members.values_list("user").annotate(total=models.Sum("capacity")).order_by())


def _loads(user_ids: Mapping[int, Any], now: datetime, tz: tzinfo) -> dict[int, Load]:
    tomorrow = _midnight(now, tz) + timedelta(days=1)
    clocks = Deadline.objects.pressing().filter(handoff=OuterRef("pk"))
    rows = (
        Handoff.objects.open()
        .filter(owner__in=user_ids)
        .order_by()
        .values("owner")
        .annotate(
            open=Count("pk"),
            due_today=Count("pk", filter=Q(Exists(clocks.filter(due_at__gte=now, due_at__lt=tomorrow)))),
            late=Count("pk", filter=Q(Exists(clocks.filter(due_at__lt=now)))),
        )
    )
    return {row["owner"]: Load(row["open"], row["due_today"], row["late"]) for row in rows}


def _kept(user_ids: Mapping[int, Any], now: datetime) -> dict[int, Kept]:
    met, late = Q(outcome=DeadlineOutcome.MET), Q(outcome=DeadlineOutcome.MET_LATE)
    # Looked up for what was not met in time. A join would read every breach there ever was.
    breaches = Breach.objects.filter(deadline=OuterRef("pk"))
    missed = (late | Q(Exists(breaches))) & ~Q(Exists(breaches.filter(waiver__isnull=False)))
    rows = (
        Deadline.objects.filter(owner__in=user_ids, due_at__gt=now - MEASURED, due_at__lte=now)
        .order_by()
        .values("owner")
        .annotate(
            met=Count("pk", filter=met),
            counted=Count("pk", filter=met | missed),
            response=Median(F("took"), filter=Q(kind=DeadlineKind.FIRST_ATTEMPT) & (met | late)),
        )
    )
    return {
        row["owner"]: Kept(row["met"] / row["counted"] if row["counted"] else None, row["response"])
        for row in rows
    }


class Median(models.Aggregate):
    """percentile_cont(0.5) of an interval."""

    function = "PERCENTILE_CONT"
    name = "median"
    output_field = models.DurationField()
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
