"""What the REST API says of a lead's handoff."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from handoffs.models import Deadline, Handoff


def handoff_fields(lead_ids: Sequence[int]) -> Mapping[int, Any]:
    """By lead its open handoff with the due instant of its next clock; no entry where none is open. One
    query.
    """
    pressing = Deadline.objects.pressing().filter(handoff=OuterRef("pk"))
    next_due = pressing.order_by("due_at").values("due_at")[:1]
    rows = (
        Handoff.objects.open()
        .filter(lead__in=lead_ids)
        .annotate(due_at=Subquery(next_due))
        .values_list("lead_id", "pk", "state", "owner__email", "due_at")
    )
    return {
        lead_id: {"id": str(pk), "state": state, "owner": owner, "due_at": due_at and _said(due_at)}
        for lead_id, pk, state, owner, due_at in rows
    }


def _said(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
