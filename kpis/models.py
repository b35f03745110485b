"""What the agreement says of its own measurement."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from agreements.models import Clause, Component


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
