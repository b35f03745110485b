"""Visitors of a day and source: told any number of times, the last word counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.models import Agreement
from kpis.models import TrafficDay
from leads.services.items import Remark, Status, take_at_most

LONGEST_SOURCE = TrafficDay._meta.get_field("source").max_length or 0
MOST_VISITORS = 2_147_483_647
EARLIEST = date(1990, 1, 1)
AHEAD = timedelta(hours=14)
"""Where it is tomorrow already."""
UPSERT = """
    INSERT INTO kpis_trafficday (day, source, agreement_id, visitors, updated_at)
    SELECT day, source, agreement_id, visitors, %(now)s
    FROM unnest(%(days)s::date[], %(sources)s::text[], %(agreements)s::bigint[], %(visitors)s::int[])
        AS told (day, source, agreement_id, visitors)
    ORDER BY day, source, agreement_id
    ON CONFLICT (day, source, agreement_id) DO UPDATE
        SET visitors = EXCLUDED.visitors, updated_at = EXCLUDED.updated_at
        WHERE kpis_trafficday.visitors <> EXCLUDED.visitors
    RETURNING day, source, agreement_id, xmax = 0
"""

Key = tuple[date, str, int | None]


class TrafficItem(msgspec.Struct, forbid_unknown_fields=True):
    """Visitors of one day from one source; `agreement` is the slug of one, where visitors are told apart by it."""

    day: date
    visitors: int
    source: str = ""
    agreement: str | None = None


@dataclass(frozen=True)
class TrafficResult:
    """What became of an item."""

    index: int
    status: Status
    error: Remark | None = None


def upsert_traffic(
    items: Sequence[TrafficItem | Remark], *, now: datetime, actor: User | None
) -> list[TrafficResult]:
    """Take the figures of days, one result an item. Saying the same again changes nothing.

    Refused one by one: what is a `Remark` already, days to come or before 1990, numbers below nothing, an agreement
    that does not exist, and a day and source that the batch tells twice with different numbers. One statement
    writes. Raises `BatchTooLarge`.
    """
    take_at_most(items)
    slugs = {item.agreement for item in items if isinstance(item, TrafficItem) and item.agreement}
    agreements = dict(Agreement.objects.filter(slug__in=slugs).values_list("slug", "pk")) if slugs else {}
    told: dict[Key, int] = {}
    checked: list[Key | Remark] = []
    for item in items:
        fit = item if isinstance(item, Remark) else _checked(item, agreements, now)
        if not isinstance(fit, Remark) and isinstance(item, TrafficItem):
            fit = _once(fit, item.visitors, told)
        checked.append(fit)
    written = _write(told, now)
    return [_result(index, fit, written) for index, fit in enumerate(checked)]


def _checked(item: TrafficItem, agreements: dict[str, int], now: datetime) -> Key | Remark:
    source = " ".join(item.source.replace("\0", "").split())
    if not EARLIEST <= item.day <= (now + AHEAD).date():
        return Remark("day", _("The day lies in the future, or before 1990."))
    if not 0 <= item.visitors <= MOST_VISITORS:
        return Remark(
            "visitors", _("Visitors are a whole number from 0 to %(most)s.") % {"most": MOST_VISITORS}
        )
    if len(source) > LONGEST_SOURCE:
        return Remark("source", _("At most %(most)s characters.") % {"most": LONGEST_SOURCE})
    if item.agreement and item.agreement not in agreements:
        return Remark("agreement", _("There is no agreement “%(slug)s”.") % {"slug": item.agreement[:80]})
    return item.day, source, agreements[item.agreement] if item.agreement else None


def _once(key: Key, visitors: int, told: dict[Key, int]) -> Key | Remark:
    if told.setdefault(key, visitors) == visitors:
        return key
    return Remark(
        "visitors",
        _("This day and source were told just before, with %(visitors)s visitors.") % {"visitors": told[key]},
    )


def _write(told: dict[Key, int], now: datetime) -> dict[Key, Status]:
    """What was created or updated; the rest stood there already."""
    if not told:
        return {}
    days, sources, agreements = zip(*told, strict=True)
    values: dict[str, Any] = {
        "now": now,
        "days": list(days),
        "sources": list(sources),
        "agreements": list(agreements),
        "visitors": list(told.values()),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(UPSERT, values)
        return {
            (day, source, agreement_id): Status.CREATED if is_new else Status.UPDATED
            for day, source, agreement_id, is_new in cursor.fetchall()
        }


def _result(index: int, fit: Key | Remark, written: dict[Key, Status]) -> TrafficResult:
    if isinstance(fit, Remark):
        return TrafficResult(index, Status.ERROR, fit)
    return TrafficResult(index, written.get(fit, Status.UNCHANGED))
