"""Whose leads are, as far as handoffs say so."""

from collections.abc import Collection, Mapping

from django.utils.translation import gettext

from handoffs.models import Handoff


def owners_kept(lead_ids: Collection[int]) -> Mapping[int, str]:
    """Of these leads those with an open handoff, which says whose they are, with the reason in words. One
    query.
    """
    why = gettext(
        "While a handoff is open, the lead belongs to whoever has it. Reassign the handoff instead."
    )
    handed_over = Handoff.objects.open().filter(lead__in=lead_ids).values_list("lead", flat=True)
    return dict.fromkeys(handed_over, why)
