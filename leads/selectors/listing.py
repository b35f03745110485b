"""The list of leads: filtered, ordered, in pages that cost the same on the first row and the millionth."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Literal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Expression, F, Q, QuerySet

from accounts.rules import whole_number
from leads.extensions import result_fields
from leads.models import BY_NAME, LAST_ACTIVE, NEVER, Lead
from leads.selectors.finding import IsOneOf, search

PAGE_SIZE = 50
MOST_COUNTED = 10_000
NOBODY = "nobody"


@dataclass(frozen=True)
class Asked:
    """What a list of leads is narrowed to. Dates are whole days in `zone`."""

    words: str = ""
    stage: str = ""
    owner: int | Literal["nobody"] | None = None
    source: str = ""
    grade: str = ""
    agreement: str = ""
    company: int | None = None
    created_from: date | None = None
    created_to: date | None = None
    zone: tzinfo | None = None


@dataclass(frozen=True)
class Order:
    """An order that an index gives. `value` reads from a lead what it is ordered by."""

    by: Expression | F
    value: Callable[[Lead], Any]


ORDERS: dict[str, Order] = {
    "created": Order(F("created_at"), lambda lead: lead.created_at),
    "active": Order(LAST_ACTIVE, lambda lead: lead.last_activity_at or NEVER),
    "name": Order(BY_NAME, lambda lead: getattr(lead, "ordered_by", "")),
}
DEFAULT_ORDER = "-created"


@dataclass(frozen=True)
class Cursor:
    """A place in the list: behind the lead `pk` whose order value is `value`; or before it."""

    value: str
    pk: int
    is_before: bool = False

    def __str__(self) -> str:
        raw = json.dumps([self.value, self.pk, int(self.is_before)]).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Nothing for what is no cursor, or one that this list never gave."""
        try:
            value, pk, is_before = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            place = whole_number(str(pk))
        except (ValueError, TypeError, RecursionError):
            return None
        return None if place is None or not _is_text(value) else cls(value, place, bool(is_before))


def _is_text(value: Any) -> bool:
    """Whether PostgreSQL can compare with it: JSON may spell NUL and half of a surrogate pair, too."""
    return isinstance(value, str) and "\0" not in value and not re.search("[\ud800-\udfff]", value)


@dataclass(frozen=True)
class Page:
    """`previous` and `following` are cursors, where there is more."""

    leads: list[Lead]
    previous: Cursor | None = None
    following: Cursor | None = None
    scores: Mapping[int, Any] = field(default_factory=dict)


def listed(asked: Asked) -> QuerySet[Lead]:
    """The leads asked for, in no order yet."""
    leads = Lead.objects.all()
    if asked.words:
        leads = search(leads, asked.words)
    return leads.filter(_stage(asked), _owner(asked), _exactly(asked), _created(asked))


def _stage(asked: Asked) -> Q:
    return Q(stage=asked.stage) if asked.stage else Q()


def _owner(asked: Asked) -> Q:
    if asked.owner == NOBODY:
        return Q(owner=None)
    return Q(owner=asked.owner) if asked.owner else Q()


def _exactly(asked: Asked) -> Q:
    given = {
        "source": asked.source,
        "score__grade": asked.grade,
        "agreement__slug": asked.agreement,
        "company": asked.company,
    }
    return Q(**{name: value for name, value in given.items() if value})


def _created(asked: Asked) -> Q:
    within = Q()
    if asked.created_from:
        within &= Q(created_at__gte=_midnight(asked.created_from, asked.zone))
    if asked.created_to:
        within &= Q(created_at__lt=_midnight(asked.created_to + timedelta(days=1), asked.zone))
    return within


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def count(leads: QuerySet[Lead]) -> int:
    """How many, exactly up to `MOST_COUNTED`; one more means there are more."""
    return leads.order_by()[: MOST_COUNTED + 1].count()


def gathered(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """The same leads, found first and ordered then: for few among many, where to walk along an order would
    take long."""
    return Lead.objects.filter(
        IsOneOf(F("pk"), ArraySubquery(leads.values("pk")), output_field=BooleanField())
    )


def page_of(leads: QuerySet[Lead], *, order: str, cursor: Cursor | None, size: int = PAGE_SIZE) -> Page:
    """A page in one of `ORDERS`, "-" before the name for descending, with the scores of its leads.

    A cursor that does not fit the order starts at the beginning.
    """
    page = _slice(_dressed(leads, order), order, cursor, size)
    ids = [lead.pk for lead in page.leads]
    scores = result_fields["score"](ids) if "score" in result_fields and ids else {}
    return replace(page, scores=scores)


def every_page(leads: QuerySet[Lead], *, order: str, size: int = 1000) -> Iterator[Page]:
    """All of it, page after page: nothing is held open, whatever the length."""
    cursor: Cursor | None = None
    while True:
        page = page_of(leads, order=order, cursor=cursor, size=size)
        yield page
        cursor = page.following
        if cursor is None:
            return


def _dressed(leads: QuerySet[Lead], order: str) -> QuerySet[Lead]:
    by = ORDERS[order.lstrip("-")].by
    return leads.select_related("company", "owner", "agreement").annotate(ordered_by=by)


def _slice(leads: QuerySet[Lead], order: str, cursor: Cursor | None, size: int) -> Page:
    is_descending = order.startswith("-")
    is_before = cursor is not None and cursor.is_before
    goes_down = is_descending is not is_before
    if cursor is not None:
        leads = _beyond(leads, order, cursor, goes_down)
    found = _ordered(leads, goes_down, size + 1)
    has_more = len(found) > size
    shown = found[:size]
    if is_before:
        shown.reverse()
    return Page(
        leads=shown,
        previous=_at(shown[0], order, True) if shown and (has_more if is_before else cursor) else None,
        following=_at(shown[-1], order) if shown and (is_before or has_more) else None,
    )


def _ordered(leads: QuerySet[Lead], goes_down: bool, most: int) -> list[Lead]:
    by = ("-ordered_by", "-pk") if goes_down else ("ordered_by", "pk")
    return list(leads.order_by(*by)[:most])


def _at(lead: Lead, order: str, is_before: bool = False) -> Cursor:
    value = ORDERS[order.lstrip("-")].value(lead)
    return Cursor(value.isoformat() if isinstance(value, datetime) else value, lead.pk, is_before)


def _beyond(leads: QuerySet[Lead], order: str, cursor: Cursor, goes_down: bool) -> QuerySet[Lead]:
    """Those behind the cursor: a range of the index, less those of the same value already seen."""
    value: Any = cursor.value
    if order.lstrip("-") != "name":
        try:
            value = datetime.fromisoformat(cursor.value)
        except ValueError:
            return leads
        if value.tzinfo is None:
            return leads
    side, seen = ("lte", "pk__gte") if goes_down else ("gte", "pk__lte")
    return leads.filter(**{f"ordered_by__{side}": value}).exclude(**{"ordered_by": value, seen: cursor.pk})
