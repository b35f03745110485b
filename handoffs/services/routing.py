"""Who gets it: weighted turns among the members of a pool who are available and have room."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Capability, Side
from handoffs.models import Breach, DeadlineKind, Handoff, Pool, PoolMember, TimeOff
from handoffs.rules import Turn, take_turns
from handoffs.services.refusals import CannotTake, said

log = structlog.get_logger(__name__)

LET_LIE = (DeadlineKind.ACCEPT, DeadlineKind.FIRST_ATTEMPT)
"""Whoever missed one of these let the handoff lie."""


@dataclass(frozen=True)
class Want:
    """A handoff that looks for an owner in a pool. `not_to` may not have it."""

    pool_id: int
    urgent: bool = False
    not_to: Collection[int] = frozenset()


def route(wants: Sequence[Want], *, now: datetime) -> list[int | None]:
    """For each the id of the person who gets it, or None where nobody can; urgent ones choose first.

    Locks the pools, so that nobody gets more than `capacity` however many route at once; the turns are kept.
    The caller writes the owners in the same transaction. Three statements for any number.
    """
    lock_pools({want.pool_id for want in wants})
    members = available_members({want.pool_id for want in wants}, now=now)
    owners: list[int | None] = [None] * len(wants)
    for pool_id, seated in members.items():
        order = [index for index, want in enumerate(wants) if want.pool_id == pool_id]
        order.sort(key=lambda index: not wants[index].urgent)
        turns = [Turn(each.user_id, each.weight, each.credit, room_of(each)) for each in seated]
        chosen = take_turns(turns, [wants[index].not_to for index in order])
        for index, user_id in zip(order, chosen, strict=True):
            owners[index] = user_id
        _keep_credit(seated, turns)
    PoolMember.objects.bulk_update([each for seated in members.values() for each in seated], ["credit"])
    return owners


def lock_pools(pool_ids: Iterable[int]) -> None:
    list(Pool.objects.filter(pk__in=set(pool_ids)).order_by("pk").select_for_update(no_key=True))


def available_members(pool_ids: Iterable[int], *, now: datetime) -> dict[int, list[PoolMember]]:
    """By pool the members who take handoffs now and have room, each with its `open_handoffs` in that pool."""
    away = TimeOff.objects.filter(user=OuterRef("user"), starts_at__lte=now, ends_at__gt=now)
    in_hand = Handoff.objects.open().filter(owner=OuterRef("user"), pool=OuterRef("pool"))
    members = PoolMember.objects.filter(
        ~Exists(away),
        pool__in=set(pool_ids),
        is_active=True,
        user__in=User.objects.able_to(Capability.WORK_HANDOFFS),
    ).annotate(
        open_handoffs=Coalesce(
            Subquery(in_hand.order_by().values("owner").annotate(count=Count("pk")).values("count")), 0
        )
    )
    by_pool: dict[int, list[PoolMember]] = {}
    for member in members.order_by("pool_id", "user_id"):
        if room_of(member) > 0:
            by_pool.setdefault(member.pool_id, []).append(member)
    return by_pool


def room_of(member: PoolMember) -> int:
    """How many more a member of `available_members` may have."""
    return int(member.capacity - member.open_handoffs)  # type: ignore[attr-defined]


def _keep_credit(members: Iterable[PoolMember], turns: Iterable[Turn]) -> None:
    credit = {turn.id: turn.credit for turn in turns}
    for member in members:
        member.credit = credit[member.user_id]


def check_can_take(user_id: int, *, now: datetime) -> User:
    """The person, if handoffs may be given to them by hand now, room or not. Raises `CannotTake`."""
    user = User.objects.able_to(Capability.WORK_HANDOFFS).filter(pk=user_id).first()
    if user is None:
        raise CannotTake(_("Choose somebody who works handoffs and may log in."))
    away = TimeOff.objects.filter(user=user, starts_at__lte=now, ends_at__gt=now).first()
    if away is not None:
        raise CannotTake(
            _("%(person)s is away until %(until)s. Choose somebody else.")
            % {"person": user, "until": said(away.ends_at)}
        )
    return user


def passed_over(handoff_ids: Sequence[int]) -> dict[int, set[int]]:
    """By handoff who let it lie: they missed accepting or first attempting it and do not get it again by
    turn. What was waived is held against nobody.
    """
    lain: dict[int, set[int]] = {}
    missed = Breach.objects.filter(handoff__in=handoff_ids, kind__in=LET_LIE, waiver=None)
    for handoff_id, owner_id in missed.values_list("handoff", "owner"):
        lain.setdefault(handoff_id, set()).add(owner_id)
    return lain


# --- Which pool ---------------------------------------------------------------------------------------------


def pools_for(slugs: Iterable[str]) -> dict[str, Pool]:
    """By slug the pool that a trigger means; a lead is never lost for want of a pool.

    Where no pool has the slug, the oldest pool stands in. Where there is none at all, one is made under the
    slug, led by the first sales manager, else the first administrator; people then add its members. Only a
    portal without either gives no pool.
    """
    wanted = set(slugs)
    pools = {pool.slug: pool for pool in Pool.objects.order_by("pk")}
    if not pools and wanted:
        return _first_pool(wanted)
    oldest = next(iter(pools.values()), None)
    for slug in wanted - pools.keys():
        log.warning("pool_missing", slug=slug, stands_in=oldest.slug if oldest else None)
    return {slug: pool for slug in wanted if (pool := pools.get(slug, oldest))}


def first_manager() -> User | None:
    """Who leads what nobody leads: the first sales manager, else the first administrator."""
    able = list(User.objects.able_to(Capability.MANAGE_HANDOFFS).order_by("pk"))
    return next((user for user in able if user.side == Side.SALES), able[0] if able else None)


def _first_pool(slugs: Iterable[str]) -> dict[str, Pool]:
    manager = first_manager()
    if manager is None:
        log.error("no_pool_and_nobody_to_lead_one")
        return {}
    slug = min(slugs)
    pool, _made = Pool.objects.get_or_create(
        slug=slug, defaults={"name": capfirst(slug.replace("-", " ")), "manager": manager}
    )
    return dict.fromkeys(slugs, pool)
