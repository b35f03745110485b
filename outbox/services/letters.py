"""An e-mail as it goes out: headers, text, html."""

from datetime import datetime
from email.utils import format_datetime, formataddr

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from outbox.models import Message


def letter(
    message: Message, *, now: datetime, through: BaseEmailBackend | None = None
) -> EmailMultiAlternatives:
    """The e-mail of a message: text, and html as its alternative.

    The Message-ID is the message's own at every try, so that whoever gets it twice can tell. Auto-Submitted
    (RFC 3834) keeps absence notes from answering it.
    """
    headers = {
        **message.headers,
        "Date": format_datetime(now),
        "Message-ID": message.message_id,
        "Auto-Submitted": "auto-generated",
    }
    built = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        to=[formataddr((message.to_name, message.to))],
        headers=headers,
        connection=through,
    )
    if message.html:
        built.attach_alternative(message.html, "text/html")
    return built
