"""What the agreement says of nurture."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from agreements.models import Clause, Component


class BuyerStage(models.TextChoices):
    AWARENESS = "awareness", _("Awareness")
    CONSIDERATION = "consideration", _("Consideration")
    DECISION = "decision", _("Decision")


class NurtureTrack(Clause):
    """A track that marketing promises to run: for which buyer stage, with which offers, who gets in and out."""

    component = Component.NURTURE

    buyer_stage = models.CharField(max_length=15, choices=BuyerStage)
    offers = models.JSONField(default=list, help_text=_("What is offered, in order."))
    enrols = models.CharField(max_length=300, help_text=_("Who gets in."))
    leaves = models.CharField(max_length=300, help_text=_("How one gets out."))
