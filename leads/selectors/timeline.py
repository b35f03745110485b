"""Everything that happened to a lead, from every app, on one line of time."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext

from leads.extensions import Fact, timeline_sources
from leads.models import Activity, StageChange
from leads.stages import OFF_LADDER

LONGEST = 500
SLUG = re.compile(r"[a-z0-9]+([_-]+[a-z0-9]+)*")
KINDS = ("activity", "score", "stage", "handoff", "attempt", "deadline", "breach", "nurture")
"""Of facts of one instant the later here is the consequence of the earlier."""
MOST_DETAILS = 4
LONGEST_DETAIL = 80


def timeline(lead_id: int) -> list[Fact]:
    """The newest facts first, `LONGEST` at most. A fixed number of queries."""
    facts = [fact for source in timeline_sources for fact in source(lead_id)]
    facts.sort(key=lambda fact: (fact.at, _place(fact.kind)), reverse=True)
    return facts[:LONGEST]


def _place(kind: str) -> int:
    return KINDS.index(kind) if kind in KINDS else len(KINDS)


def activity_facts(lead_id: int) -> Sequence[Fact]:
    """What the lead did."""
    activities = Activity.objects.filter(lead=lead_id).order_by("-occurred_at", "-id")[:LONGEST]
    return [
        Fact(
            at=activity.occurred_at,
            kind="activity",
            title=in_words(activity.type),
            detail=_details(activity),
            icon="activity",
            data={"type": activity.type, "source": activity.source, "payload": activity.payload},
        )
        for activity in activities
    ]


def in_words(slug: str) -> str:
    """A name for machines as people say it: "demo_request" is "Demo request". What is no such name stays."""
    if not SLUG.fullmatch(slug):
        return slug
    words = slug.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def _details(activity: Activity) -> str:
    """The first plain values of the payload, and whether a machine may have done it."""
    plain = [
        f"{in_words(key)}: {str(value)[:LONGEST_DETAIL]}"
        for key, value in activity.payload.items()
        if isinstance(value, str | int | float) and str(value)
    ]
    machine = [] if activity.human else [gettext("perhaps a machine, so it does not count")]
    return " · ".join([*plain[:MOST_DETAILS], *machine])


def stage_facts(lead_id: int) -> Sequence[Fact]:
    """The stages the lead entered, and why."""
    changes = (
        StageChange.objects.filter(lead=lead_id).select_related("actor").order_by("-at", "-id")[:LONGEST]
    )
    return [
        Fact(
            at=change.at,
            kind="stage",
            title=_title(change),
            detail=change.reason,
            icon="flag" if change.to_stage not in OFF_LADDER else "circle-x",
            actor=change.actor.name if change.actor else "",
            version_id=change.version_id,
            clause_key=change.clause_key,
            data={"from": change.from_stage, "to": change.to_stage, "source": change.source},
        )
        for change in changes
    ]


def _title(change: StageChange) -> str:
    stages = {"from": change.get_from_stage_display(), "to": change.get_to_stage_display()}
    if not change.from_stage:
        return gettext("Came in as %(to)s") % stages
    return gettext("%(from)s → %(to)s") % stages
