"""Conditions: `{"field": …, "op": …, "value": …}`, all of which must hold, for one lead, a batch or all
leads.

A condition is compiled to the ORM (`compile`) and from there to SQL (`where_sql`); nothing else evaluates it.
Text is compared without regard to case. `contains` finds "intern" in "International" too; `has_word` takes
a list and finds any of its words whole, between what is no letter, digit or underscore in any script. A
missing value (null, empty, absent) meets only is_not, not_in, not_contains, not_has_word and is_not_set. A
compiled condition is true or false, never null, so it may be negated.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any, Literal

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Case, Expression, F, FloatField, Func, Lookup, Model, Q, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Upper
from django.db.models.lookups import (
    Exact,
    GreaterThanOrEqual,
    IContains,
    In,
    IRegex,
    IsNull,
    IStartsWith,
    LessThanOrEqual,
    Regex,
)
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from leads.models import Activity, Consent, Lead

Condition = Mapping[str, Any]
Subject = Literal["lead", "payload"]
"""What conditions speak about: a lead with its company, or the payload of an activity."""

OPS_ON_WORDS = frozenset({"has_word", "not_has_word"})
TEXT_OPS = OPS_ON_WORDS | {
    "is",
    "is_not",
    "in",
    "not_in",
    "contains",
    "not_contains",
    "starts_with",
    "is_set",
    "is_not_set",
}
NUMBER_OPS = frozenset({"is", "is_not", "in", "not_in", "at_least", "at_most", "is_set", "is_not_set"})
OPS_OF_KIND = {
    "text": TEXT_OPS,
    "consent": frozenset({"is", "is_not", "in", "not_in"}),
    "number": NUMBER_OPS,
    "boolean": frozenset({"is", "is_not"}),
    "json": TEXT_OPS | NUMBER_OPS,
}
OPS_WITHOUT_VALUE = frozenset({"is_set", "is_not_set"})
OPS_WITH_LIST = OPS_ON_WORDS | {"in", "not_in"}
OPS_ON_NUMBERS = frozenset({"at_least", "at_most"})
NUMERIC_TEXT = r"^-?\d{1,15}(\.\d{1,15})?$"


@dataclass(frozen=True)
class Field:
    """A field of a lead: what kind of value it has, where it is, what people call it."""

    kind: str
    path: str
    label: str | Promise


LEAD_FIELDS = {
    "email": Field("text", "email", _("e-mail")),
    "email_domain": Field("text", "email", _("e-mail domain")),
    "first_name": Field("text", "first_name", _("first name")),
    "last_name": Field("text", "last_name", _("last name")),
    "job_title": Field("text", "job_title", _("job title")),
    "phone": Field("text", "phone", _("phone")),
    "source": Field("text", "source", _("source")),
    "time_zone": Field("text", "time_zone", _("time zone")),
    "email_consent": Field("consent", "email_consent", _("consent to e-mail")),
    "do_not_call": Field("boolean", "do_not_call", _("do not call")),
    "company.name": Field("text", "company__name", _("company name")),
    "company.domain": Field("text", "company__domain", _("company domain")),
    "company.industry": Field("text", "company__industry", _("company industry")),
    "company.employees": Field("number", "company__employees", _("company employees")),
    "company.country": Field("text", "company__country", _("company country")),
}
ATTRIBUTES = "attributes."

WORDS = {
    "is": _("%(field)s is %(value)s"),
    "is_not": _("%(field)s is not %(value)s"),
    "in": _("%(field)s is %(value)s"),
    "not_in": _("%(field)s is not %(value)s"),
    "contains": _("%(field)s contains %(value)s"),
    "not_contains": _("%(field)s does not contain %(value)s"),
    "has_word": _("%(field)s has the word %(value)s"),
    "not_has_word": _("%(field)s does not have the word %(value)s"),
    "starts_with": _("%(field)s starts with %(value)s"),
    "at_least": _("%(field)s is at least %(value)s"),
    "at_most": _("%(field)s is at most %(value)s"),
    "is_set": _("%(field)s is known"),
    "is_not_set": _("%(field)s is not known"),
}


class ConditionError(ValueError):
    """A condition that means nothing; the message says which and why."""


# --- Checking ---


def validate(conditions: Any, on: Subject = "lead") -> None:
    """Raise `ConditionError` unless every condition names a known field, fits its kind and has a value to
    fit."""
    if not isinstance(conditions, list | tuple):
        raise ConditionError(gettext("Conditions are a list."))
    for number, condition in enumerate(conditions, start=1):
        try:
            _validate_one(condition, on)
        except ConditionError as error:
            raise ConditionError(
                gettext("Condition %(number)s: %(reason)s") % {"number": number, "reason": error}
            ) from None


def _validate_one(condition: Any, on: Subject) -> None:
    if not isinstance(condition, Mapping) or set(condition) - {"field", "op", "value"}:
        raise ConditionError(gettext("it has a field, an op and a value, nothing else."))
    name, op = condition.get("field"), condition.get("op")
    kind = _kind(name, on)
    if op not in WORDS:
        raise ConditionError(gettext("there is no operator “%(op)s”.") % {"op": op})
    if op not in OPS_OF_KIND[kind]:
        raise ConditionError(gettext("“%(op)s” cannot be asked of %(field)s.") % {"op": op, "field": name})
    _validate_value(kind, str(op), condition)


def _kind(name: Any, on: Subject) -> str:
    if not isinstance(name, str) or not name or "\0" in name:
        raise ConditionError(gettext("it names no field."))
    if on == "payload" or (name.startswith(ATTRIBUTES) and name != ATTRIBUTES):
        return "json"
    if name not in LEAD_FIELDS:
        raise ConditionError(gettext("a lead has no field “%(field)s”.") % {"field": name})
    return LEAD_FIELDS[name].kind


def _validate_value(kind: str, op: str, condition: Condition) -> None:
    if op in OPS_WITHOUT_VALUE:
        if condition.get("value") is not None:
            raise ConditionError(gettext("“%(op)s” takes no value.") % {"op": op})
        return
    value = condition.get("value")
    if op in OPS_WITH_LIST:
        if not isinstance(value, list | tuple) or not value:
            raise ConditionError(gettext("“%(op)s” takes a list of values.") % {"op": op})
        for single in value:
            _validate_single(kind, op, single)
    else:
        _validate_single(kind, op, value)


def _validate_single(kind: str, op: str, value: Any) -> None:
    fits = {
        "text": isinstance(value, str) and bool(value.strip()),
        "consent": value in Consent.values,
        "number": _is_number(value),
        "boolean": isinstance(value, bool),
        "json": isinstance(value, bool) or _is_number(value) or (isinstance(value, str) and bool(value)),
    }[kind]
    if op in OPS_ON_NUMBERS:
        fits = _is_number(value)
    elif op not in {"is", "is_not", "in", "not_in"}:
        fits = fits and isinstance(value, str) and bool(value.strip())
    if not fits or (isinstance(value, str) and "\0" in value):
        raise ConditionError(
            gettext("“%(value)s” is no value for “%(op)s” here.") % {"value": value, "op": op}
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


# --- Compiling ---


def compile(conditions: Sequence[Condition], on: Subject = "lead", prefix: str = "") -> Q:
    """The conditions as a filter of `Lead` (on="lead") or `Activity` (on="payload").

    With a `prefix` such as "lead__", of another model that leads there. No condition means everything.
    """
    return reduce(and_, (_compile_one(condition, on, prefix) for condition in conditions), Q())


def where_sql(conditions: Sequence[Condition], on: Subject = "lead") -> tuple[str, list[Any]]:
    """The same as the text of a WHERE and its parameters.

    It speaks of "leads_lead" and "leads_company" (which the statement must LEFT JOIN), or of
    "leads_activity"; any relation may be given those names there, such as rows that are about to be written.
    """
    model: type[Model] = Lead if on == "lead" else Activity
    query = model._default_manager.order_by().filter(compile(conditions, on)).query
    compiler = query.get_compiler(DEFAULT_DB_ALIAS)
    try:
        sql, params = compiler.compile(query.where)
    except FullResultSet:
        return "TRUE", []
    except EmptyResultSet:
        return "FALSE", []
    return f"({sql})" if sql else "TRUE", list(params)


def _compile_one(condition: Condition, on: Subject, prefix: str) -> Q:
    name, op = condition["field"], condition["op"]
    value: Any = condition.get("value")
    kind, source = _source(name, on, prefix)
    if kind == "boolean":
        return Q(Exact(source, Value(bool(value) == (op == "is"))))
    text = Coalesce(Cast(source, TextField()), Value(""), output_field=TextField())
    if op in OPS_ON_NUMBERS:
        lookup = GreaterThanOrEqual if op == "at_least" else LessThanOrEqual
        return _number_meets(kind, source, text, lookup, value)
    if op in OPS_WITHOUT_VALUE:
        known = ~Q(Exact(text, Value("")))
        return known if op == "is_set" else ~known
    if op in {"is", "is_not", "in", "not_in"}:
        values = value if op in OPS_WITH_LIST else [value]
        same = reduce(or_, _equals(kind, source, text, values))
        return ~same if op in {"is_not", "not_in"} else same
    if op == "starts_with":
        return Q(IStartsWith(text, value))
    found = Q(IRegex(text, _whole(value))) if op in OPS_ON_WORDS else Q(IContains(text, value))
    return ~found if op in {"not_contains", "not_has_word"} else found


def _whole(words: Sequence[str]) -> str:
    """Any of these words or phrases, whole, as a regular expression of PostgreSQL's."""
    escaped = (r"\s+".join(map(re.escape, each.split())) for each in words)
    return rf"(^|\W)({'|'.join(escaped)})(\W|$)"


def _source(name: str, on: Subject, prefix: str) -> tuple[str, Any]:
    """Kind of the field and the expression that reads it."""
    if on == "payload":
        return "json", KeyTextTransform(name, F(f"{prefix}payload"))
    if name.startswith(ATTRIBUTES):
        return "json", KeyTextTransform(name.removeprefix(ATTRIBUTES), F(f"{prefix}attributes"))
    field = LEAD_FIELDS[name]
    source: Any = F(f"{prefix}{field.path}")
    if name == "email_domain":
        source = Func(source, Value("@"), Value(2), function="split_part", output_field=TextField())
    return field.kind, source


def _equals(kind: str, source: Any, text: Expression, values: Sequence[Any]) -> Iterator[Q]:
    """One test for each number, and one for all texts together: a long list is looked up, not walked."""
    texts = [str(value) for value in values if not _is_number(value)]
    if texts:
        yield Q(In(Upper(text), [Upper(Value(each, TextField())) for each in texts]))
    for number in filter(_is_number, values):
        yield _number_meets(kind, source, text, Exact, number)


def _number_meets(kind: str, source: Any, text: Expression, lookup: type[Lookup[Any]], value: Any) -> Q:
    """What is no number meets nothing: a JSON value is cast only where its text reads as one."""
    number: Any = Cast(source, FloatField())
    if kind == "json":
        number = Case(When(Regex(text, NUMERIC_TEXT), then=number), output_field=FloatField())
    return Q(IsNull(number, False)) & Q(lookup(number, float(value)))


# --- Words ---


def words(conditions: Sequence[Condition], on: Subject = "lead") -> str:
    """What a reader is told: "company country is DE or AT and company employees is at least 50"."""
    joiner = pgettext("between conditions", " and ")
    return joiner.join(_say_one(condition, on) for condition in conditions)


def _say_one(condition: Condition, on: Subject) -> str:
    value = condition.get("value")
    joiner = pgettext("between values", " or ")
    said = joiner.join(map(_say_value, value if isinstance(value, list | tuple) else [value]))
    return str(WORDS[condition["op"]]) % {"field": _say_field(condition["field"], on), "value": said}


def _say_field(name: str, on: Subject) -> str:
    if on == "lead" and name in LEAD_FIELDS:
        return str(LEAD_FIELDS[name].label)
    return name.removeprefix(ATTRIBUTES).replace("_", " ")


def _say_value(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(value)
