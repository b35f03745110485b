"""The ladder a lead climbs, and the ways off it. What each rung means is the agreement's to say (its definitions)."""

from collections.abc import Mapping

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


def at_least(stage: Stage) -> tuple[Stage, ...]:
    """The stage and those above it: rungs may be left out, and who buys was a lead before."""
    return LADDER[rank(stage) :]


DECIDED = (Stage.CUSTOMER, Stage.LOST)
BEFORE_DECIDED = (Stage.SQL, Stage.OPPORTUNITY)
"""A decision that was a mistake is taken back to where the lead stood: one of these."""


FIRST_ENTRIES: Mapping[str, tuple[Stage, ...]] = {
    "became_lead_at": at_least(Stage.LEAD),
    "became_mql_at": (Stage.MQL,),
    "became_sql_at": at_least(Stage.SQL),
    "became_customer_at": (Stage.CUSTOMER,),
}
"""Fields of a lead → the stages whose first entry they tell."""


def first_entries_of(stage: str) -> tuple[str, ...]:
    """The fields that an entry into this stage may be the first for."""
    return tuple(field for field, stages in FIRST_ENTRIES.items() if stage in stages)
