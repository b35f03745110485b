"""When leads reached a stage: each lead counts once, when it was first there."""

from dataclasses import dataclass
from datetime import date, tzinfo

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncMonth

from leads.models import Lead, StageChange
from leads.stages import Stage


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
    return _by_month(Stage.MQL, zone)


def wins_by_month(zone: tzinfo) -> dict[date, int]:
    """First day of the month as `zone` has it → leads that became a customer in it."""
    return _by_month(Stage.CUSTOMER, zone)


def conversion_by_origin() -> list[Conversion]:
    """By source of the lead, the one with the most MQLs first; leads without a source are one of their own,
    empty.
    """
    found = (
        Lead.objects.filter(_entered(Stage.MQL))
        .values_list("source")
        .annotate(mqls=Count("pk"), won=Count("pk", filter=_entered(Stage.CUSTOMER)))
        .order_by("-mqls", "source")
    )
    return [Conversion(*row) for row in found]


def _by_month(stage: Stage, zone: tzinfo) -> dict[date, int]:
    months = (
        _first_entries(stage)
        .annotate(month=TruncMonth("at", tzinfo=zone))
        .values_list("month")
        .annotate(count=Count("pk"))
        .order_by("month")
    )
    return {month.date(): count for month, count in months}


def _first_entries(stage: Stage) -> QuerySet[StageChange]:
    earlier = StageChange.objects.filter(lead=OuterRef("lead"), to_stage=stage).filter(
        Q(at__lt=OuterRef("at")) | Q(at=OuterRef("at"), pk__lt=OuterRef("pk"))
    )
    return StageChange.objects.filter(~Exists(earlier), to_stage=stage)


def _entered(stage: Stage) -> Exists:
    return Exists(StageChange.objects.filter(lead=OuterRef("pk"), to_stage=stage))
