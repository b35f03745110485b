"""When leads reached a stage: each lead counts once, when it was first there."""

from dataclasses import dataclass
from datetime import date, tzinfo

from django.db.models import Count
from django.db.models.functions import TruncMonth

from leads.models import Lead


@dataclass(frozen=True)
class Conversion:
    """How many leads of an origin became MQLs, and how many of these were won."""

    origin: str
    mqls: int
    won: int

    @property
    def rate(self) -> float:
        """Between 0 and 1."""
        return self.won / self.mqls


def mqls_by_month(zone: tzinfo) -> dict[date, int]:
    """First day of the month as `zone` has it → leads that became an MQL in it. Months without any are left
    out.
    """
    return _by_month("became_mql_at", zone)


def wins_by_month(zone: tzinfo) -> dict[date, int]:
    """First day of the month as `zone` has it → leads that became a customer in it."""
    return _by_month("became_customer_at", zone)


def conversion_by_origin() -> list[Conversion]:
    """By source of the lead, the one with the most MQLs first; leads without a source are one of their own,
    empty.
    """
    found = (
        Lead.objects.filter(became_mql_at__isnull=False)
        .values_list("source")
        .annotate(mqls=Count("pk"), won=Count("became_customer_at"))
        .order_by("-mqls", "source")
    )
    return [Conversion(*row) for row in found]


def _by_month(became: str, zone: tzinfo) -> dict[date, int]:
    months = (
        Lead.objects.filter((f"{became}__isnull", False))
        .annotate(month=TruncMonth(became, tzinfo=zone))
        .values_list("month")
        .annotate(count=Count("pk"))
        .order_by("month")
    )
    return {month.date(): count for month, count in months}
