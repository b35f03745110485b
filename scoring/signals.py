"""Facts about scores that upper apps react to, sent inside the transaction that made them."""

from django.dispatch import Signal

leads_scored = Signal()
"""Leads were scored, in the transaction that ingested them or on a sweep; sent in any case, changed or not.

lead_ids: list[int]; activity_ids: list[int] of new activities that led to it; qualified_ids: list[int] of
leads that became MQLs by it; now: datetime; actor: User | None.
"""
