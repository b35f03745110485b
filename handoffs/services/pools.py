"""Who shares incoming handoffs: pools, their members, time off."""

from datetime import datetime

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Capability
from handoffs.models import Pool, PoolMember, TimeOff
from handoffs.services.locks import check_manager
from handoffs.services.refusals import BadPool
from handoffs.services.routing import lock_pools


@transaction.atomic
def create_pool(
    *,
    name: str,
    manager_id: int,
    slug: str = "",
    calendar_id: int | None = None,
    now: datetime,
    actor: User | None,
) -> Pool:
    """A pool that triggers name by `slug` (made of the name, if none is given).

    Raises `ManagersOnly`, `BadPool` (no name, the slug is taken, or the manager manages no handoffs).
    """
    slug = slug or slugify(name)
    _check(actor)
    _check_pool(name, slug, manager_id)
    if Pool.objects.filter(slug=slug).exists():
        raise BadPool(_("There is a pool “%(slug)s” already.") % {"slug": slug})
    return Pool.objects.create(slug=slug, name=name, manager_id=manager_id, calendar_id=calendar_id)


@transaction.atomic
def update_pool(
    *,
    pool_id: int,
    name: str,
    manager_id: int,
    calendar_id: int | None = None,
    now: datetime,
    actor: User | None,
) -> Pool:
    """Change a pool; its slug stays, since agreements name it. Clocks that run keep their calendar.

    Raises `ManagersOnly`, `BadPool`, `Pool.DoesNotExist`.
    """
    _check(actor)
    pool = Pool.objects.select_for_update(no_key=True).get(pk=pool_id)
    _check_pool(name, pool.slug, manager_id)
    pool.name, pool.manager_id, pool.calendar_id = name, manager_id, calendar_id
    pool.save()
    return pool


@transaction.atomic
def set_member(
    *,
    pool_id: int,
    user_id: int,
    weight: int = 1,
    capacity: int = 30,
    is_active: bool = True,
    calendar_id: int | None = None,
    now: datetime,
    actor: User | None,
) -> PoolMember:
    """Put somebody into a pool, or change the share. Handoffs in hand stay; fewer or no more come.

    Raises `ManagersOnly`, `BadPool` (the person works no handoffs, or the numbers make no sense).
    """
    _check(actor)
    if not User.objects.able_to(Capability.WORK_HANDOFFS).filter(pk=user_id).exists():
        raise BadPool(_("Choose somebody who works handoffs and may log in."))
    if weight < 1 or capacity < 0:
        raise BadPool(_("A weight is 1 or more, a capacity 0 or more."))
    lock_pools([pool_id])
    member, _made = PoolMember.objects.update_or_create(
        pool_id=pool_id,
        user_id=user_id,
        defaults={
            "weight": weight,
            "capacity": capacity,
            "is_active": is_active,
            "calendar_id": calendar_id,
        },
    )
    return member


@transaction.atomic
def remove_member(*, pool_id: int, user_id: int, now: datetime, actor: User | None) -> None:
    """Take somebody out of a pool; handoffs in hand stay. Raises `ManagersOnly`."""
    _check(actor)
    lock_pools([pool_id])
    PoolMember.objects.filter(pool=pool_id, user=user_id).delete()


@transaction.atomic
def add_time_off(
    *,
    user_id: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str = "",
    now: datetime,
    actor: User | None,
) -> TimeOff:
    """Nobody gets handoffs by turn while away: from `starts_at` until before `ends_at`. People enter their
    own.

    Raises `ManagersOnly` (somebody else’s), `BadPool` (it ends before it starts).
    """
    if actor is None or actor.pk != user_id:
        _check(actor)
    if ends_at <= starts_at:
        raise BadPool(_("Time off ends after it starts."))
    return TimeOff.objects.create(user_id=user_id, starts_at=starts_at, ends_at=ends_at, reason=reason)


@transaction.atomic
def remove_time_off(*, time_off_id: int, now: datetime, actor: User | None) -> None:
    """Raises `ManagersOnly` (somebody else’s), `TimeOff.DoesNotExist`."""
    time_off = TimeOff.objects.get(pk=time_off_id)
    if actor is None or actor.pk != time_off.user_id:
        _check(actor)
    time_off.delete()


def _check(actor: User | None) -> None:
    """Commands and set-up act without a person."""
    if actor is not None:
        check_manager(actor)


def _check_pool(name: str, slug: str, manager_id: int) -> None:
    if not name.strip() or not slug:
        raise BadPool(_("Give the pool a name."))
    if not User.objects.able_to(Capability.MANAGE_HANDOFFS).filter(pk=manager_id).exists():
        raise BadPool(_("The manager of a pool manages handoffs and may log in."))
