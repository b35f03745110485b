"""What marketing must tell sales with a handoff, and what of it is missing."""

from collections.abc import Sequence
from typing import Any

from leads.conditions import ATTRIBUTES, LEAD_FIELDS
from leads.models import Consent, Lead


def missing_information(lead: Lead, required: Sequence[str]) -> list[str]:
    """The required fields ("phone", "company.name", "attributes.budget") that the lead does not have.

    Needs `company` loaded. A consent that nobody asked for is missing; a field nobody knows is, too.
    """
    return [field for field in required if read_field(lead, field) in (None, "", [], {}, Consent.UNKNOWN)]


def read_field(lead: Lead, field: str) -> Any:
    """A field of the lead or its company by the name that agreements give it; None where it has none."""
    if field.startswith(ATTRIBUTES):
        return lead.attributes.get(field.removeprefix(ATTRIBUTES))
    if field == "email_domain":
        return (lead.email or "").partition("@")[2]
    known = LEAD_FIELDS.get(field)
    value: Any = lead if known else None
    for part in known.path.split("__") if known else ():
        value = getattr(value, part, None)
    return value


def say_field(field: str) -> str:
    """What people call it."""
    known = LEAD_FIELDS.get(field)
    return str(known.label) if known else field.removeprefix(ATTRIBUTES).replace("_", " ").replace(".", " ")
