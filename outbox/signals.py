"""What became of e-mails, sent inside the transaction that records it."""

from django.dispatch import Signal

mails_sent = Signal()
"""The server took them. message_ids: list[int]; now: datetime."""

mails_refused = Signal()
"""The server will never take them for their address: a bounce at once. message_ids: list[int]; now: datetime."""
