"""Parts that leads are shown with."""

from collections.abc import Mapping
from typing import Any

from django import template

from leads.selectors.timeline import in_words
from leads.stages import OFF_LADDER, Stage

register = template.Library()


@register.filter
def of(values: Mapping[Any, Any], key: Any) -> Any:
    """`{{ scores|of:lead.pk }}`: the value of a key, or nothing."""
    return values.get(key)


@register.inclusion_tag("leads/_stage_chip.html")
def stage_chip(stage: str) -> dict[str, Any]:
    """A stage as its name; off the ladder it looks it."""
    return {"label": Stage(stage).label, "is_off": stage in OFF_LADDER, "is_won": stage == Stage.CUSTOMER}


register.filter("in_words", in_words)
