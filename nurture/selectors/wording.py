"""What e-mails say, for people to read: as they went out, or as marketing wrote them."""

from django.utils.translation import gettext

from leads.models import Lead
from nurture.models import Delivery
from nurture.rules import VARIABLES, Part, TemplateError, Text, parse


def subject_of(delivery: Delivery) -> str:
    """As the lead read it; with blanks where the message is no longer there. Needs `message` and `step`."""
    return (delivery.message and delivery.message.subject) or readable(delivery.step.subject)


def readable(template: str) -> str:
    """A template with its places to fill as blanks: “[first name], where do good leads get lost?”."""
    try:
        parts = parse(template)
    except TemplateError:
        return template
    return "".join(_said(part) for part in parts)


def _said(part: Part) -> str:
    return part.words if isinstance(part, Text) else f"[{label_of(part.name)}]"


def values_of(lead: Lead) -> dict[str, str]:
    """What templates may say of a lead (with its company loaded); what is not known is empty."""
    return {
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "name": f"{lead.first_name} {lead.last_name}".strip(),
        "job_title": lead.job_title,
        "company": lead.company.name if lead.company else "",
    }


def label_of(variable: str) -> str:
    """What people call a variable."""
    return gettext(VARIABLES[variable])
