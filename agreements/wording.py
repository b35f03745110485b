"""What a clause says: its words, with the `{placeholders}` in them filled from its own fields.

`{§goal-revenue}` names the clause with that key. So the words cannot disagree with what runs.

A document has one text, whoever reads it: numbers, dates and labels in it are written in the language of the
installation.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils import translation
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext

if TYPE_CHECKING:
    from agreements.models import Clause

PLACEHOLDER = re.compile(r"\{(§?)([A-Za-z0-9_-]+)\}")
_BRACES = re.compile(r"\{([^{}]*)\}?|\}")
Names = Mapping[str, str]
"""Key of a clause → what a sentence calls it."""


def document_language() -> str:
    """The language that documents are written in."""
    return str(settings.LANGUAGE_CODE)


def unknown_placeholders(model: type["Clause"], words: str) -> list[str]:
    """What stands in braces and is neither a field of the clause nor, with a §, the key of any."""
    known = fields_of(model).keys() - {"words"}
    named = {f"§{key}" for key in clauses_named(words)}
    return [name for name in _BRACES.findall(words) if name not in known | named]


def clauses_named(words: str) -> list[str]:
    """The keys of the clauses that the words name."""
    return [name for is_reference, name in PLACEHOLDER.findall(words) if is_reference]


def fill(clause: "Clause", names: Names) -> str:
    """The clause's words with every placeholder filled; one that is no field stays as it stands."""
    known = fields_of(type(clause)).keys() - {"words"}

    def said(match: re.Match[str]) -> str:
        is_reference, name = match.groups()
        if is_reference:
            return names.get(name, name)
        return say(clause, name, names) if name in known else match[0]

    with translation.override(document_language()):
        return PLACEHOLDER.sub(said, clause.words)


def fields_of(model: type["Clause"]) -> dict[str, models.Field[Any, Any]]:
    """The fields that make a clause what it is: all but the row's id, the version and the place in it."""
    outside = ("id", "version", "position")
    return {field.name: field for field in model._meta.concrete_fields if field.name not in outside}


def say(clause: "Clause", name: str, names: Names) -> str:
    """One field as a sentence says it, in the active language."""
    value = getattr(clause, name)
    if name in clause.references:
        return names.get(value, str(value))
    if clause._meta.get_field(name).choices:  # type: ignore[union-attr]
        return str(getattr(clause, f"get_{name}_display")())
    if isinstance(value, Decimal):
        return say_amount(value, clause.unit_of(name), clause.version.agreement.currency)
    return say_value(value, joined_by=clause.joined_by.get(name, "and"))


def say_amount(amount: Decimal, unit: str, currency: str) -> str:
    """`EUR 1,200,000`, `95%`, `25%` for the share 0.25, `100`: exact, without idle zeros."""
    if unit == "share":
        amount, unit = amount * 100, "percent"
    number = say_number(_plain(amount))
    if unit == "money":
        return f"{currency}\N{NO-BREAK SPACE}{number}"
    return pgettext("percentage", "%(number)s%%") % {"number": number} if unit == "percent" else number


def say_number(number: Decimal | int) -> str:
    """`1,200,000`, with a minus sign rather than a hyphen."""
    return number_format(number, force_grouping=True).replace("-", "−")


def _plain(amount: Decimal) -> Decimal:
    whole = amount.to_integral_value()
    return whole if whole == amount else amount.normalize()


def say_value(value: Any, joined_by: str = "and") -> str:
    """Anything that a field may hold: number, date, yes or no, a list, a list of conditions."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int):
        return say_number(value)
    if isinstance(value, date):
        return date_format(value, "j F Y")
    if isinstance(value, list):
        return say_list([say_item(item) for item in value], joined_by)
    return gettext("none") if value in (None, "") else str(value)


def say_item(item: Any) -> str:
    """An entry of a list: a condition, or the name of a field, an activity, an offer."""
    if isinstance(item, Mapping):
        return condition_words[-1](item)
    return str(field_names.get(item) or str(item).replace("_", " "))


def say_list(items: Iterable[str], joined_by: str = "and") -> str:
    """`phone, e-mail and video`; `none` for nothing."""
    *first, last = [*items] or [gettext("none")]
    if not first:
        return last
    pattern = gettext("%(first)s or %(last)s") if joined_by == "or" else gettext("%(first)s and %(last)s")
    return pattern % {"first": ", ".join(first), "last": last}


def label_of(model: type["Clause"], name: str) -> str:
    """What a field is called in front of its value."""
    return capfirst(str(fields_of(model)[name].verbose_name))


def _plain_condition(condition: Mapping[str, Any]) -> str:
    return " ".join(say_item(condition[part]) for part in ("field", "op", "value") if part in condition)


field_names: dict[str, str | Promise] = {}
"""What people call a field of a lead; the app that owns leads adds them in `AppConfig.ready`."""
condition_words: list[Callable[[Mapping[str, Any]], str]] = [_plain_condition]
"""How a condition is said: the last of these. The app that owns conditions adds it in `AppConfig.ready`."""
