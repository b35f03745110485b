"""Which leads marketing got back only lately."""

from collections.abc import Sequence
from datetime import datetime

from handoffs.models import Handoff


def cooling_down(lead_ids: Sequence[int], now: datetime) -> set[int]:
    """Those of the leads that a score alone does not hand over again yet; registered in
    `scoring.extensions.holds`.
    """
    if not lead_ids:
        return set()
    cooling = Handoff.objects.filter(lead__in=lead_ids, cool_down_until__gt=now)
    return set(cooling.values_list("lead_id", flat=True))
