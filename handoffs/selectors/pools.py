"""Pools as Settings shows them: members with their share and load, and who is away."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from accounts.roles import Capability
from handoffs.models import Handoff, HandoffState, Pool, PoolMember, TimeOff
from handoffs.models.facts import OPEN_STATES


@dataclass(frozen=True)
class MemberLine:
    member: PoolMember
    open: int
    away_until: datetime | None

    @property
    def is_full(self) -> bool:
        return self.open >= self.member.capacity


@dataclass(frozen=True)
class PoolLines:
    pool: Pool
    members: list[MemberLine]


def pools_with_members(*, now: datetime) -> list[PoolLines]:
    """Every pool with its members by name. Three statements; `open` counts all of a person's open handoffs."""
    is_open = Q(user__handoffs__state__in=OPEN_STATES)
    members = (
        PoolMember.objects.select_related("user", "calendar")
        .annotate(open_count=Count("user__handoffs", filter=is_open))
        .order_by("user__name")
    )
    pools = Pool.objects.select_related("manager", "calendar").prefetch_related(
        Prefetch("members", queryset=members)
    )
    times_off = TimeOff.objects.filter(starts_at__lte=now, ends_at__gt=now)
    away = dict(times_off.values_list("user", "ends_at"))
    return [
        PoolLines(
            pool,
            [
                MemberLine(member, getattr(member, "open_count", 0), away.get(member.user_id))
                for member in pool.members.all()
            ],
        )
        for pool in pools
    ]


def coming_time_off(*, now: datetime) -> QuerySet[TimeOff]:
    """Who is away now or will be, the soonest first."""
    return TimeOff.objects.filter(ends_at__gt=now).select_related("user").order_by("starts_at")


def workers() -> QuerySet[User]:
    """Who may be in a pool."""
    return User.objects.able_to(Capability.WORK_HANDOFFS).order_by("name")


def workers_with_load() -> QuerySet[User]:
    """The same, each with `open_count`: their open handoffs, and for managers those that wait for an owner."""
    waiting = Handoff.objects.filter(state=HandoffState.UNASSIGNED, pool__manager=OuterRef("pk")).order_by()
    waiting_count = waiting.values("pool__manager").annotate(count=Count("pk")).values("count")
    own = Count("handoffs", filter=Q(handoffs__state__in=OPEN_STATES))
    return workers().annotate(open_count=own + Coalesce(Subquery(waiting_count), 0))


def managers() -> QuerySet[User]:
    """Who may manage a pool."""
    return User.objects.able_to(Capability.MANAGE_HANDOFFS).order_by("name")
