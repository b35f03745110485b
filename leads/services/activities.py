"""Activities appended in bulk, each once."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext

from accounts.models import User
from leads.models import ChangeSource, Lead
from leads.services import rows
from leads.services.cleaning import CleanActivity, Ref, clean_activity
from leads.services.items import ActivityItem, EventItem, ItemResult, Remark, Status, Unfit, take_at_most
from leads.services.lookup import find_refs, lock_leads
from leads.services.rows import ActivityRow
from leads.services.transactions import new_ids, rehearsal, run_again_if_raced
from leads.signals import leads_ingested

BY_KEY = "SELECT key, id, lead_id FROM leads_activity WHERE key = ANY(%s::text[])"
TOUCH = """
    UPDATE leads_lead lead
    SET last_activity_at = GREATEST(lead.last_activity_at, latest.at), updated_at = %s
    FROM (
        SELECT lead_id, max(at) AS at
        FROM unnest(%s::bigint[], %s::timestamptz[]) AS done(lead_id, at) GROUP BY lead_id
    ) latest
    WHERE lead.id = latest.lead_id
"""


def append_activities(
    items: Sequence[EventItem | Remark],
    *,
    now: datetime,
    actor: User | None,
    source: ChangeSource,
    dry_run: bool = False,
) -> list[ItemResult]:
    """Record what leads did. An item whose `key` is known is unchanged, so that everything may be sent again.

    An item is refused if its lead is not known, if it happened in the future (five minutes are forgiven) or
    before 1990, or if its key stands for an activity of another lead. Sends `leads_ingested` once, with the
    new activities. With `dry_run` the same happens and is undone. Where an item names no source of its own,
    `source` is recorded.

    Returns a result for each item, in order. Raises `BatchTooLarge`.
    """
    take_at_most(items)
    results, cleaned = _clean(items, now)
    with rehearsal(dry_run):
        added = run_again_if_raced(lambda: _append(cleaned, now, actor, source)) if cleaned else {}
    return [added.get(result.index, result) for result in results]


def _clean(
    items: Sequence[EventItem | Remark], now: datetime
) -> tuple[list[ItemResult], list[tuple[int, CleanActivity]]]:
    results, cleaned = [], []
    for index, item in enumerate(items):
        error = item if isinstance(item, Remark) else None
        if not isinstance(item, Remark):
            try:
                cleaned.append((index, clean_activity(item, now)))
            except Unfit as unfit:
                error = unfit.remark
        results.append(ItemResult(index, Status.ERROR, error=error))
    return results, cleaned


def _append(
    cleaned: list[tuple[int, CleanActivity]], now: datetime, actor: User | None, source: ChangeSource
) -> dict[int, ItemResult]:
    journal = _Journal([clean for _, clean in cleaned], now, source)
    results = {index: journal.add(index, clean) for index, clean in cleaned}
    if journal.new:
        rows.insert(sorted(journal.new, key=lambda row: (row.key or "", row.id)))
        _touch(journal.new, now)
        leads_ingested.send(
            sender=Lead,
            lead_ids=sorted({row.lead_id for row in journal.new}),
            activity_ids=[row.id for row in journal.new],
            now=now,
            actor=actor,
        )
    return results


class _Journal:
    """Finds and locks the leads of a batch, knows which keys are taken, and collects what is new."""

    def __init__(self, cleaned: Sequence[CleanActivity], now: datetime, source: ChangeSource) -> None:
        self.now, self.source = now, source
        self.by_ref: dict[Ref, int] = find_refs({clean.ref for clean in cleaned if clean.ref})
        ids = {clean.lead_id for clean in cleaned if clean.lead_id}.union(self.by_ref.values())
        leads = lock_leads(ids, {clean.email for clean in cleaned if clean.email})
        self.ids = {lead.id for lead in leads}
        self.by_email = {lead.email: lead.id for lead in leads}
        self.taken = _taken([clean.key for clean in cleaned if clean.key])
        self.unused_ids = iter(
            new_ids("leads_activity", sum(clean.key not in self.taken for clean in cleaned))
        )
        self.new: list[ActivityRow] = []

    def add(self, index: int, clean: CleanActivity) -> ItemResult:
        lead_id = self._lead(clean)
        if lead_id not in self.ids:
            return ItemResult(
                index,
                Status.ERROR,
                error=Remark("lead", gettext("There is no such lead; send the lead first.")),
            )
        known = self.taken.get(clean.key) if clean.key else None
        if known is None:
            activity_id = self._record(lead_id, clean)
            return ItemResult(index, Status.CREATED, lead_id=lead_id, activity_id=activity_id)
        activity_id, holder = known
        if holder != lead_id:
            reason = gettext("This key stands for an activity of another lead (id %(id)s).") % {"id": holder}
            return ItemResult(index, Status.ERROR, error=Remark("key", reason))
        return ItemResult(index, Status.UNCHANGED, lead_id=lead_id, activity_id=activity_id)

    def _lead(self, clean: CleanActivity) -> int:
        if clean.lead_id:
            return clean.lead_id
        return (self.by_ref.get(clean.ref) if clean.ref else self.by_email.get(clean.email)) or 0

    def _record(self, lead_id: int, clean: CleanActivity) -> int:
        item = clean.item
        row = ActivityRow(
            id=next(self.unused_ids),
            lead_id=lead_id,
            type=item.type,
            occurred_at=item.occurred_at,
            recorded_at=self.now,
            source=item.source or self.source,
            key=clean.key,
            human=item.human if isinstance(item, ActivityItem) else True,
            payload=item.payload,
        )
        self.new.append(row)
        if clean.key:
            self.taken[clean.key] = row.id, lead_id
        return row.id


def _taken(keys: list[str]) -> dict[str, tuple[int, int]]:
    """Key → id and lead of the activity it stands for."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(BY_KEY, [keys])
        return {key: (activity_id, lead_id) for key, activity_id, lead_id in cursor.fetchall()}


def _touch(new: Sequence[ActivityRow], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TOUCH, [now, [row.lead_id for row in new], [row.occurred_at for row in new]])
