"""Everything that is written about leads."""

from leads.services.activities import append_activities
from leads.services.items import (
    MOST_AT_ONCE,
    ActivityItem,
    BatchTooLarge,
    CompanyItem,
    EventItem,
    ItemResult,
    LeadItem,
    LeadKey,
    RefItem,
    Remark,
    Status,
    SyncItem,
    read_items,
)
from leads.services.owners import why_owner_stays
from leads.services.placing import place_leads
from leads.services.stages import Advance, Move, RefusedMove, advance_stages
from leads.services.transactions import rehearsal
from leads.services.upsert import upsert_leads

__all__ = [
    "MOST_AT_ONCE",
    "ActivityItem",
    "Advance",
    "BatchTooLarge",
    "CompanyItem",
    "EventItem",
    "ItemResult",
    "LeadItem",
    "LeadKey",
    "Move",
    "RefItem",
    "RefusedMove",
    "Remark",
    "Status",
    "SyncItem",
    "advance_stages",
    "append_activities",
    "place_leads",
    "read_items",
    "rehearsal",
    "upsert_leads",
    "why_owner_stays",
]
