"""The timeline: one line a fact, under day headings, filtered by kind."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol

from django.http import HttpRequest
from django.utils import timezone

from sla_portal.humanize import say_day


class TimelineItem(Protocol):
    """A fact. Further attributes are optional (see docs/interface.md): side, actor, detail, url, cause."""

    at: datetime
    kind: str
    kind_label: str
    icon: str
    words: str


def timeline(
    request: HttpRequest, items: Iterable[TimelineItem], now: datetime, empty: str = ""
) -> dict[str, Any]:
    """Facts, newest first as given, by the viewer's days; `?kind=` (repeated) shows only those kinds."""
    facts, tz = list(items), timezone.get_current_timezone()
    chosen = set(request.GET.getlist("kind"))
    counts = Counter(fact.kind for fact in facts)
    labels = {fact.kind: fact.kind_label for fact in facts}
    by_day = groupby(facts, key=lambda fact: fact.at.astimezone(tz).date())
    return {
        "days": [_day(list(group), now, chosen) for _, group in by_day],
        "kinds": [
            {"key": kind, "label": labels[kind], "count": count, "chosen": kind in chosen}
            for kind, count in counts.most_common()
        ],
        "now": now,
        "empty": empty,
    }


def _day(facts: list[TimelineItem], now: datetime, chosen: set[str]) -> dict[str, Any]:
    lines = [{"fact": fact, "hidden": bool(chosen) and fact.kind not in chosen} for fact in facts]
    return {
        "label": say_day(facts[0].at, now, timezone.get_current_timezone()),
        "lines": lines,
        "hidden": all(line["hidden"] for line in lines),
    }
