"""A step as the e-mail of one lead, with its links; whoever has a link can do one thing with it, for ever."""

from dataclasses import dataclass

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from agreements.wording import document_language
from leads.models import Lead
from nurture.models import Enrolment, Step
from nurture.rules import Text, Variable, as_html, fill, fill_subject, names, parse
from nurture.selectors.wording import values_of
from outbox.services import Mail

KIND = "nurture"
UNSUBSCRIBE, OFFER = "nurture.unsubscribe", "nurture.offer"
"""What a token is for: one made for an offer does not unsubscribe."""


@dataclass(frozen=True)
class Letter:
    """What the reader sees."""

    subject: str
    text: str
    html: str


# --- Links --------------------------------------------------------------------------------------------------


def token(enrolment_id: int, position: int, purpose: str) -> str:
    """Names a step of an enrolment, signed by the portal's key (HMAC-SHA256); it holds no address."""
    return _signer(purpose).sign(f"{enrolment_id}-{position}")


def read(signed: str, purpose: str) -> tuple[int, int] | None:
    """Enrolment and position of a token; None for one that this portal did not sign for that purpose."""
    try:
        enrolment_id, position = _signer(purpose).unsign(signed).split("-")
        return int(enrolment_id), int(position)
    except (BadSignature, ValueError):
        return None


def _signer(purpose: str) -> Signer:
    return Signer(salt=purpose, sep=".")


def address_of(page: str, enrolment_id: int, position: int, purpose: str) -> str:
    """An absolute address. Its path is that of `nurture.urls`, which lies above."""
    return f"{settings.PORTAL_URL}/n/{page}/{token(enrolment_id, position, purpose)}/"


# --- Letters ------------------------------------------------------------------------------------------------


def compose(step: Step, lead: Lead, *, offer: str, unsubscribe: str) -> Letter:
    """The e-mail of a step to a lead (with its company loaded), in the language of the agreement.

    A link carries the words of the offer; plain text has no links, so there they stand before the address.
    """
    values = values_of(lead) | {"offer": offer if step.offer_url else "", "unsubscribe": unsubscribe}
    parts = parse(step.body, has_offer=bool(step.offer_url))
    if step.offer_url and not names(parts, "offer"):
        parts += [Text("\n\n"), Variable("offer")]
    with override(document_language()):
        stop = _("You get this e-mail because you agreed to hear from us.")
        labels = {offer: step.offer_name, unsubscribe: _("Unsubscribe")}
        foot = "" if names(parts, "unsubscribe") else "\n".join([_("Unsubscribe:"), unsubscribe])
        worded = _("%(words)s: %(address)s") % {"words": step.offer_name, "address": offer}
        subject = fill_subject(step.subject, values)
        html = render_to_string(
            "nurture/mail.html",
            {
                "subject": subject,
                "body": as_html(fill(parts, values), labels),
                "stop": stop,
                "unsubscribe": unsubscribe if foot else "",
            },
        )
    signature = "\n".join(part for part in (stop, foot) if part)
    text = fill(parts, values | {"offer": worded})
    return Letter(subject, f"{text}\n\n-- \n{signature}\n", html)


def mail(enrolment: Enrolment, step: Step) -> Mail:
    """What the outbox sends. The headers let mail programs offer unsubscribing with one click (RFC 8058)."""
    lead = enrolment.lead
    unsubscribe = address_of("u", enrolment.pk, step.position, UNSUBSCRIBE)
    letter = compose(
        step, lead, offer=address_of("o", enrolment.pk, step.position, OFFER), unsubscribe=unsubscribe
    )
    return Mail(
        to=lead.email or "",
        to_name=f"{lead.first_name} {lead.last_name}".strip(),
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        headers={
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        kind=KIND,
        dedup_key=f"nurture-{enrolment.pk}-{step.position}",
    )
