"""What e-mails say, for people to read: as they went out, or as marketing wrote them."""

from django.utils.translation import gettext, ngettext_lazy

from agreements.spans import Span, Unit
from leads.models import Lead
from nurture.models import Delivery
from nurture.rules import VARIABLES, Part, TemplateError, Text, parse

ISOLATED, NO_MORE = "\u2068", "\u2069"
"""Around a label, whose language need not be that of the e-mail: a label that reads from the right does not turn it."""


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
    return part.words if isinstance(part, Text) else f"{ISOLATED}[{label_of(part.name)}]{NO_MORE}"


def values_of(lead: Lead) -> dict[str, str]:
    """What templates may say of a lead (with its company loaded); what is not known is empty."""
    return {
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "name": f"{lead.first_name} {lead.last_name}".strip(),
        "job_title": lead.job_title,
        "company": lead.company.name if lead.company else "",
    }


_SPANS = {
    Unit.MINUTE: ngettext_lazy("%(count)s minute", "%(count)s minutes", "count"),
    Unit.HOUR: ngettext_lazy("%(count)s hour", "%(count)s hours", "count"),
    Unit.DAY: ngettext_lazy("%(count)s day", "%(count)s days", "count"),
    Unit.BUSINESS_MINUTE: ngettext_lazy("%(count)s business minute", "%(count)s business minutes", "count"),
    Unit.BUSINESS_HOUR: ngettext_lazy("%(count)s business hour", "%(count)s business hours", "count"),
    Unit.BUSINESS_DAY: ngettext_lazy("%(count)s business day", "%(count)s business days", "count"),
}


def said_span(span: Span) -> str:
    """A span in the reader's language; as it is written it is English."""
    return str(_SPANS[span.unit] % {"count": span.amount})


def label_of(variable: str) -> str:
    """What people call a variable."""
    return gettext(VARIABLES[variable])
