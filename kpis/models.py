"""What the agreement says of its own measurement."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from agreements.models import Agreement, Clause, Component


class Kpi(Clause):
    """A figure both sides look at, and who answers for it."""

    component = Component.KPIS

    measure = models.SlugField(max_length=60)
    owner = models.CharField(max_length=120)


class ReviewRhythm(Clause):
    """When both sides sit down, who comes, what is decided."""

    component = Component.KPIS

    working_day_of_month = models.PositiveSmallIntegerField(
        help_text=_("The review is on this working day of the next month.")
    )
    participants = models.JSONField(default=list)


class TrafficDay(models.Model):
    """How many visitors a source brought on a day: a day's figure replaces the one told before.

    `agreement` is empty where the visitors of a source are not told apart by agreement.
    """

    day = models.DateField(_("day"))
    source = models.CharField(_("source"), max_length=60, blank=True)
    agreement = models.ForeignKey(
        Agreement, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    visitors = models.PositiveIntegerField(_("visitors"))
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["day", "source"]
        verbose_name = _("visitors of a day")
        verbose_name_plural = _("visitors by day")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "source", "agreement"], nulls_distinct=False, name="visitors_told_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.source}: {self.visitors}"
