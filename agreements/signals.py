"""Facts about agreements that upper apps react to, sent inside the transaction that made them."""

from django.dispatch import Signal

version_activated = Signal()
"""A version came into force in place of any before. version_id: int; now: datetime; actor: User | None."""
