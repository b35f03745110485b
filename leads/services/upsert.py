"""The upsert of leads: one transaction and a fixed number of statements, for one lead as for thousands.

A batch is read, merged in memory item by item in its order, and written at once. So "created", "updated" and
"unchanged" are exact, also where a batch names the same lead twice: the later item wins.
"""

from collections.abc import Sequence
from datetime import datetime

from accounts.models import User
from leads.models import ChangeSource, Lead
from leads.services import rows
from leads.services.cleaning import CleanLead, clean_lead
from leads.services.items import ItemResult, Remark, Status, SyncItem, Unfit, take_at_most
from leads.services.merging import Batch
from leads.services.placing import leads_of_companies, place_leads
from leads.services.rows import RefRow
from leads.services.stages import record_changes
from leads.services.transactions import rehearsal, run_again_if_raced
from leads.services.writing import write_leads
from leads.signals import leads_ingested


def upsert_leads(
    items: Sequence[SyncItem | Remark],
    *,
    now: datetime,
    actor: User | None,
    source: ChangeSource,
    dry_run: bool = False,
) -> list[ItemResult]:
    """Create and change leads with their companies and external ids; what an item leaves out is left alone.

    An item is matched by its id, else by external_ref, else by e-mail; one that nothing matches is a new
    lead. New leads are contacts, and leads at once where their agreement's definition holds; the agreement is
    the first that covers them. Items that cannot be taken (`Remark`s among `items` too) become error results;
    the others go on. An owner whom the actor may not change is left alone, with a warning. Sends
    `leads_ingested` once for everything created or changed. With `dry_run` the same happens and is undone.

    Returns a result for each item, in order. Raises `BatchTooLarge`.
    """
    take_at_most(items)
    results, cleaned = _clean(items, now)
    with rehearsal(dry_run):
        merged = run_again_if_raced(lambda: _upsert(cleaned, now, actor, source)) if cleaned else {}
    return [merged.get(result.index, result) for result in results]


def _clean(
    items: Sequence[SyncItem | Remark], now: datetime
) -> tuple[list[ItemResult], list[tuple[int, CleanLead]]]:
    results, cleaned = [], []
    for index, item in enumerate(items):
        error = item if isinstance(item, Remark) else None
        if not isinstance(item, Remark):
            try:
                cleaned.append((index, clean_lead(item, now)))
            except Unfit as unfit:
                error = unfit.remark
        results.append(ItemResult(index, Status.ERROR, error=error))
    return results, cleaned


def _upsert(
    cleaned: list[tuple[int, CleanLead]], now: datetime, actor: User | None, source: ChangeSource
) -> dict[int, ItemResult]:
    batch = Batch([clean for _, clean in cleaned], now, actor)
    results = {index: batch.merge(index, clean) for index, clean in cleaned}
    changed_companies = batch.companies.write()
    changed = batch.changed()
    changes = write_leads(changed, now=now, actor=actor, source=source)
    rows.insert(
        [RefRow(lead_id, *ref) for ref, lead_id in sorted(batch.new_refs.items(), key=lambda pair: pair[0])]
    )
    record_changes(changes, now=now, actor=actor)
    neighbours = leads_of_companies(changed_companies)
    if neighbours:
        place_leads(lead_ids=neighbours, now=now, actor=actor)
    lead_ids = sorted({slot.row.id for slot in changed}.union(neighbours))
    if lead_ids:
        leads_ingested.send(sender=Lead, lead_ids=lead_ids, activity_ids=[], now=now, actor=actor)
    return results
