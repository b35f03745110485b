"""Facts about handoffs that upper apps react to, sent inside the transaction that made them."""

from django.dispatch import Signal

handoffs_created = Signal()
"""handoff_ids: list[int]; now: datetime; actor: User | None."""

handoffs_ended = Signal()
"""Handoffs were qualified, disqualified, returned or rejected. handoff_ids: list[int]; now: datetime; actor:
User | None.
"""
