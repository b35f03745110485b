"""Facts about people that upper apps react to, sent inside the transaction that made them."""

from django.dispatch import Signal

user_deactivated = Signal()
"""Somebody may no longer log in. user_ids: list[int]; now: datetime; actor: User | None."""

role_changed = Signal()
"""Somebody may do other things than before. user_ids: list[int]; now: datetime; actor: User | None."""
