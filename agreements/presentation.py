"""A document as its page shows it: chapters, in them runs of clauses of one kind, drawn by that kind’s template."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from agreements.document import Document
from agreements.models import CalendarRevision, Clause, Component
from agreements.wording import fields_of, fill, label_of, say

FALLBACK = "agreements/clauses/any.html"
_MARK = re.compile("\x02(.+?)\x03")


@dataclass(frozen=True)
class Said:
    """The fields of a clause as a sentence says them: `item.said.accept_within` in a template."""

    clause: Clause
    document: Document

    def __getitem__(self, name: str) -> str:
        if name not in fields_of(type(self.clause)):
            raise KeyError(name)
        return say(self.clause, name, self.document.names)


@dataclass(frozen=True)
class Item:
    """One clause of the page."""

    clause: Clause
    document: Document

    @cached_property
    def text(self) -> SafeString:
        """The clause's words, in which each clause they name is a link."""
        marked = {key: f"\x02{key}\x03" for key in self.document.by_key}
        return mark_safe(_MARK.sub(self._link, escape(fill(self.clause, marked))))

    def _link(self, mark: re.Match[str]) -> str:
        return format_html('<a href="#{}">{}</a>', mark[1], self.document.names[mark[1]])

    @property
    def said(self) -> Said:
        return Said(self.clause, self.document)

    @property
    def facts(self) -> Iterator[tuple[str, str]]:
        """Label and value of what a kind adds to key, title and words: what the fallback template shows."""
        model = type(self.clause)
        for name in fields_of(model):
            if name not in ("key", "title", "words"):
                yield label_of(model, name), self.said[name]


@dataclass(frozen=True)
class Run:
    """Clauses of one kind that stand together."""

    kind: str
    items: tuple[Item, ...]

    document: Document

    @property
    def key(self) -> str:
        """Where it begins."""
        return self.items[0].clause.key

    @property
    def templates(self) -> tuple[str, str]:
        return f"agreements/clauses/{self.kind}.html", FALLBACK


@dataclass(frozen=True)
class Chapter:
    component: Component
    runs: tuple[Run, ...]

    @property
    def number(self) -> int:
        return self.component.value

    @property
    def key(self) -> str:
        return f"chapter-{self.number}"


def chapters_of(document: Document) -> list[Chapter]:
    """The chapters that have clauses."""
    return [
        Chapter(Component(component), tuple(_runs(document, list(clauses))))
        for component, clauses in groupby(document.clauses, key=lambda clause: clause.component)
    ]


def _runs(document: Document, clauses: list[Clause]) -> Iterator[Run]:
    for kind, run in groupby(clauses, key=lambda clause: clause.clause_kind):
        yield Run(kind, tuple(Item(clause, document) for clause in run), document)


@dataclass(frozen=True)
class Hours:
    """Days of the week that have the same opening hours."""

    days: str
    slots: str


def hours_of(revision: CalendarRevision) -> list[Hours]:
    """`Mon–Fri` `09:00–17:30`, from Monday on; days that stay closed are left out."""
    if revision.always_open:
        return [Hours(gettext("Every day"), gettext("round the clock"))]
    slots = [", ".join(map(str, day)) for day in revision.schedule.week]
    runs = [[day for day, _ in run] for _, run in groupby(enumerate(slots), key=itemgetter(1))]
    return [Hours(_say_days(run), slots[run[0]]) for run in runs if slots[run[0]]]


def _say_days(days: list[int]) -> str:
    first, last = WEEKDAYS_ABBR[days[0]], WEEKDAYS_ABBR[days[-1]]
    return f"{first}–{last}" if len(days) > 1 else str(first)
