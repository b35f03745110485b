"""Citing clauses, and saying amounts as a document does."""

from decimal import Decimal

from django import template

from agreements import selectors
from agreements.models import Unit
from agreements.wording import say_amount

register = template.Library()


@register.inclusion_tag("agreements/cite.html")
def cite(version_id: int | None, key: str, words: str = "") -> dict[str, object]:
    """The chip of the clause that caused something, with `words` in place of its title; or nothing."""
    return {"clause": selectors.cite(version_id, key), "words": words}


@register.filter
def say_money(amount: Decimal, currency: str) -> str:
    """`EUR 1,200,000`"""
    return say_amount(amount, Unit.MONEY, currency)


@register.filter
def say_count(amount: Decimal) -> str:
    """`150`, `1.5`"""
    return say_amount(amount, Unit.COUNT, "")
