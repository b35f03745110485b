"""Which leads marketing got back only lately."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max

from handoffs.models import Handoff


def cooling_down(lead_ids: Sequence[int], now: datetime) -> dict[int, datetime]:
    """Those of the leads that a score alone does not hand over again yet, and until when; registered in
    `scoring.extensions.holds`.
    """
    if not lead_ids:
        return {}
    cooling = Handoff.objects.filter(lead__in=lead_ids, cool_down_until__gt=now).order_by()
    return dict(cooling.values_list("lead_id").annotate(until=Max("cool_down_until")))
