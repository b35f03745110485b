"""What a column may become."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ATTRIBUTE = "attributes."
LEAVE_OUT = ""


@dataclass(frozen=True)
class Target:
    """A field of a lead that a column may fill. `kind` says how its cells are read
    (`leads.importing.values`).
    """

    key: str
    label: str | Promise
    group: str | Promise
    kind: str = "text"


_WHO, _COMPANY, _LEAD, _HISTORY = _("The person"), _("The company"), _("The lead"), _("What happened before")

TARGETS = {
    target.key: target
    for target in (
        Target("email", _("E-mail"), _WHO),
        Target("external_id", _("Id in another system"), _WHO),
        Target("first_name", _("First name"), _WHO),
        Target("last_name", _("Last name"), _WHO),
        Target("full_name", _("Full name (split at the last space)"), _WHO),
        Target("job_title", _("Job title"), _WHO),
        Target("phone", _("Phone"), _WHO),
        Target("time_zone", _("Time zone"), _WHO),
        Target("company.name", _("Company name"), _COMPANY),
        Target("company.domain", _("Company domain"), _COMPANY),
        Target("company.industry", _("Industry"), _COMPANY),
        Target("company.employees", _("Employees"), _COMPANY, "count"),
        Target("company.country", _("Country"), _COMPANY, "country"),
        Target("source", _("Source"), _LEAD),
        Target("owner", _("Owner (e-mail or name)"), _LEAD),
        Target("email_consent", _("Consent to e-mail"), _LEAD, "consent"),
        Target("email_opt_out", _("Opted out of e-mail"), _LEAD, "boolean"),
        Target("do_not_call", _("Do not call"), _LEAD, "boolean"),
        Target("created_at", _("Created, first contact"), _HISTORY, "date"),
        Target("mql_at", _("Became an MQL"), _HISTORY, "date"),
        Target("sql_at", _("Became an SQL"), _HISTORY, "date"),
        Target("won_at", _("Won"), _HISTORY, "date"),
        Target("lost_at", _("Lost"), _HISTORY, "date"),
        Target("value", _("Deal value"), _HISTORY, "money"),
    )
}
CONSTANTS = ("source", "owner", "company.country", "company.industry", "time_zone", "email_consent")
"""What may be the same for every row."""
KEYS = frozenset({"email", "external_id"})
"""A lead is known by one of these."""


def target_of(key: str) -> Target | None:
    """Also for attributes, whose names are free; none for what there is not."""
    if key.startswith(ATTRIBUTE) and 0 < len(key) - len(ATTRIBUTE) <= 60:
        name = key.removeprefix(ATTRIBUTE)
        return Target(key, name, _("Further attributes"), "attribute")
    return TARGETS.get(key)
