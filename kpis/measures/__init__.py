"""Every measure, once: in words that are shown beside the figure, and as the sets of facts it counts.

A measure's parts are populations (`kpis.facts`) and conditions. Its figure is the count, or the sum, of exactly the
facts that the list behind it shows.
"""

from django.utils.translation import gettext_lazy as _

from kpis.measures.clocks import CLOCKS
from kpis.measures.funnel import FUNNEL
from kpis.measures.handoffs import HANDOFFS
from kpis.measures.kinds import Kind, Measure, Part, Which, Words

__all__ = ["MEASURES", "SPECIAL", "Kind", "Measure", "Part", "UnknownMeasure", "Which", "measure"]

MEASURES: dict[str, Measure] = {each.key: each for each in (*FUNNEL, *HANDOFFS, *CLOCKS)}
"""By key, in the order in which pages show them."""
SPECIAL: dict[str, Words] = {
    "promises-kept": _(
        "Of the promises of the agreement that can be judged in the period, those that are kept."
    ),
}
"""Keys that an agreement may name and that are no single figure, with their words."""


class UnknownMeasure(LookupError):
    """No measure has this key."""


def measure(key: str) -> Measure:
    """Raises `UnknownMeasure`."""
    try:
        return MEASURES[key]
    except KeyError:
        raise UnknownMeasure(key) from None
