"""What was told of visitors, by month and source."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, DateField, Max, Min, Sum
from django.db.models.functions import TruncMonth

from kpis.models import TrafficDay

MOST_MONTHS = 36


@dataclass(frozen=True)
class TrafficMonth:
    """The visitors of a month: how many, on how many days, from which day to which, by how many sources."""

    month: date
    visitors: int
    days: int
    first: date
    last: date
    sources: int


def months_told() -> list[TrafficMonth]:
    """The newest months that have visitors, the newest first. One statement."""
    rows = (
        TrafficDay.objects.order_by()
        .annotate(month=TruncMonth("day", output_field=DateField()))
        .values("month")
        .annotate(
            visitors=Sum("visitors"),
            days=Count("day", distinct=True),
            first=Min("day"),
            last=Max("day"),
            sources=Count("source", distinct=True),
        )
        .order_by("-month")[:MOST_MONTHS]
    )
    found: list[Mapping[str, object]] = list(rows)
    return [TrafficMonth(**row) for row in found]  # type: ignore[arg-type]
