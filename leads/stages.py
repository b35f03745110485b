"""The ladder a lead climbs, and the ways off it. What each rung means is the agreement's to say (its definitions)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Stage(TextChoices):
    CONTACT = "contact", _("Contact")
    LEAD = "lead", _("Lead")
    MQL = "mql", _("MQL")
    SQL = "sql", _("SQL")
    OPPORTUNITY = "opportunity", _("Opportunity")
    CUSTOMER = "customer", _("Customer")
    LOST = "lost", _("Lost")
    DISQUALIFIED = "disqualified", _("Disqualified")


LADDER = (Stage.CONTACT, Stage.LEAD, Stage.MQL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER)
OFF_LADDER = (Stage.LOST, Stage.DISQUALIFIED)


def rank(stage: str) -> int:
    """The rung from 0; -1 for a stage off the ladder."""
    return LADDER.index(Stage(stage)) if stage in LADDER else -1
