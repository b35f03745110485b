"""Facts about leads that upper apps react to, sent inside the transaction that made them."""

from django.dispatch import Signal

leads_ingested = Signal()
"""Leads were created or changed, or did something.

lead_ids: list[int]; activity_ids: list[int] of the new activities among them; now: datetime; actor: User | None.
"""

stages_changed = Signal()
"""Leads entered stages. changes: list[StageChange] (saved); now: datetime; actor: User | None."""
