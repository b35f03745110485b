"""Where upper apps add to what `leads` shows, without `leads` knowing them. They register in `AppConfig.ready`.

Each entry is set-based: it takes many leads and answers for all of them in a fixed number of queries.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from leads.models import Lead

ResultField = Callable[[Sequence[int]], Mapping[int, Any]]
"""lead ids → what the REST result of each lead says under the field's name (JSON-ready); a missing id means null."""


OwnerKeeper = Callable[[Collection[int]], Mapping[int, str]]
"""lead ids → of those whose owner follows something of an upper app, why, in words for whoever names another
owner; a missing id means that the owner may be changed."""


@dataclass(frozen=True)
class Fact:
    """One line of a lead's timeline. `version_id` and `clause_key` cite what caused it."""

    at: datetime
    kind: str
    """Slug the timeline filters by: activity, stage, score, handoff, attempt, deadline, breach, nurture."""
    title: str
    detail: str = ""
    icon: str = "point"
    side: str = ""
    actor: str = ""
    version_id: int | None = None
    clause_key: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


TimelineSource = Callable[[int], Sequence[Fact]]
"""lead id → its facts, any order, the newest 500 at most."""


@dataclass(frozen=True)
class Panel:
    """A box on the lead's page. `context` reads what `template` shows; `None` hides the panel."""

    template: str
    context: Callable[[HttpRequest, Lead, datetime], Mapping[str, Any] | None]
    order: int
    place: str = "side"
    """`head` (under the name: the clock, the acts) or `side`."""


result_fields: dict[str, ResultField] = {}
owner_keepers: list[OwnerKeeper] = []
timeline_sources: list[TimelineSource] = []
panels: list[Panel] = []
