"""The facts behind a figure, one by one: as many as it counts, with the sum that it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, overload

from django.db.models import F, Sum
from django.utils.translation import gettext as _

from kpis.facts import Population, Rows
from kpis.measures import Which, measure
from kpis.scopes import Scope
from kpis.selectors.slices import Slice, lies_in


@dataclass(frozen=True)
class Fact:
    """One thing that a figure counts.

    `at` is the instant that places it in the scope, a day for visitors; `amount` what it adds to a sum, or how long
    it took; `about` says more where the facts differ: a reason, a kind, an outcome (its key).
    """

    id: int
    at: datetime | date
    lead_id: int | None = None
    lead: str = ""
    owner_id: int | None = None
    owner: str = ""
    amount: int | Decimal | timedelta | None = None
    about: str = ""


class Facts(Sequence[Fact]):
    """The facts, the newest first. A slice of it reads that slice alone, so a paginator reads one page."""

    def __init__(self, rows: Rows, population: Population, amount: Any) -> None:
        self.rows, self.population = rows, population
        self._amount = amount

    @cached_property
    def _count(self) -> int:
        return self.rows.count()

    @cached_property
    def total(self) -> int | Decimal | timedelta:
        """What the amounts add up to: the figure, where that is a sum. Raises `LookupError` without amounts."""
        if self._amount is None:
            raise LookupError(f"{self.population.key} has no amounts here")
        found: int | Decimal | timedelta = self.rows.aggregate(total=Sum(self._amount, default=0))["total"]
        return found

    def __len__(self) -> int:
        return self._count

    def count(self, value: object = None) -> int:
        """How many there are; paginators ask without a value."""
        return len(self) if value is None else super().count(value)

    @overload
    def __getitem__(self, index: int) -> Fact: ...
    @overload
    def __getitem__(self, index: slice) -> list[Fact]: ...
    def __getitem__(self, index: int | slice) -> Fact | list[Fact]:
        if isinstance(index, slice):
            return [_fact(row) for row in self._told()[index]]
        return _fact(self._told()[index])

    def __iter__(self) -> Iterator[Fact]:
        return (_fact(row) for row in self._told().iterator(chunk_size=2000))

    def _told(self) -> Rows:
        paths = self.population
        about = next(
            (path for by, path in paths.dimensions.items() if by in ("reason", "kind", "outcome")), ""
        )
        about = about or (paths.path("source") if paths.owner == "" else "")
        told: dict[str, Any] = {"fact_at": F(paths.at)}
        if paths.lead is not None:
            told |= {
                "fact_lead": F(f"{paths.lead}pk"),
                "first_names": F(f"{paths.lead}first_name"),
                "last_names": F(f"{paths.lead}last_name"),
                "address": F(f"{paths.lead}email"),
            }
        if paths.owner:
            told |= {"fact_owner": F(f"{paths.owner}__pk"), "owner_name": F(f"{paths.owner}__name")}
        if about:
            told["fact_about"] = F(about)
        if self._amount is not None:
            told["fact_amount"] = self._amount
        rows: Rows = self.rows.annotate(**told).order_by(F(paths.at).desc(), "-pk").values("pk", *told)
        return rows


def behind(key: str, part: Which, scope: Scope, now: datetime, slice: Slice | None = None) -> Facts:
    """The facts that a part of a figure counts; their number, or the sum of their amounts, is the figure.

    Raises `UnknownMeasure`, `LookupError` for a part that the measure has not, `UnknownSlice`.
    """
    asked = measure(key).part(part)
    population = asked.population
    rows = population.rows(scope, now).filter(asked.condition(scope, now))
    if slice is not None:
        rows = rows.filter(lies_in(population, slice, scope))
    if not population.can_tell(scope):
        rows = rows.none()
    return Facts(rows, population, asked.amount() if asked.amount else None)


def _fact(row: dict[str, Any]) -> Fact:
    lead_id = row.get("fact_lead")
    return Fact(
        id=row["pk"],
        at=row["fact_at"],
        lead_id=lead_id,
        lead=_name(row) if lead_id else "",
        owner_id=row.get("fact_owner"),
        owner=row.get("owner_name") or "",
        amount=row.get("fact_amount"),
        about=row.get("fact_about") or "",
    )


def _name(row: dict[str, Any]) -> str:
    """As `Lead.name` has it."""
    full = f"{row['first_names']} {row['last_names']}".strip()
    return full or row["address"] or _("Lead %d") % row["fact_lead"]
