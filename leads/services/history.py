"""What a file tells of a lead's past: entries into stages, kept as given (docs/decisions/0010-imported-
history.md)."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import msgspec
from django.db import connection
from django.utils.timezone import localtime
from django.utils.translation import gettext

from leads.importing.targets import TARGETS
from leads.rules import highest
from leads.services.cleaning import HISTORY
from leads.services.items import Remark
from leads.stages import BEFORE_DECIDED, DECIDED, LADDER, OFF_LADDER, Stage, rank

FIELD_OF = {stage: field for field, stage in HISTORY.items()}
RECORDED = """
    SELECT lead_id, to_stage, min(at) FROM leads_stagechange change
    WHERE lead_id = ANY(%(ids)s) AND NOT EXISTS (
        SELECT FROM leads_stagechange back
        WHERE back.lead_id = change.lead_id AND back.from_stage = change.to_stage
            AND back.from_stage = ANY(%(decided)s) AND back.to_stage = ANY(%(before)s)
            AND (back.at, back.id) > (change.at, change.id)
    )
    GROUP BY lead_id, to_stage
"""
# A decision that was taken back was none.


class Past(msgspec.Struct, gc=False):
    """The stages a lead is known to have entered; `news` are those the batch adds."""

    entries: dict[str, datetime] = {}
    news: dict[str, datetime] = {}
    value: Decimal | None = None


def read_pasts(lead_ids: Collection[int]) -> dict[int, Past]:
    """The recorded entries of these leads."""
    pasts: dict[int, Past] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            RECORDED, {"ids": list(lead_ids), "decided": list(DECIDED), "before": list(BEFORE_DECIDED)}
        )
        for lead_id, stage, at in cursor.fetchall():
            pasts.setdefault(lead_id, Past()).entries[stage] = at
    return pasts


def add_entries(past: Past, given: Mapping[Stage, datetime]) -> list[Remark]:
    """Add the entries a lead does not have yet, one a stage; what contradicts the record is left out and
    said."""
    remarks = []
    for stage, at in given.items():
        known = past.entries.get(stage)
        if known is None:
            past.entries[stage] = past.news[stage] = at
        elif known != at:
            remarks.append(
                Remark(
                    FIELD_OF[stage],
                    gettext("The lead entered this stage on %(date)s already; that stays.")
                    % {"date": f"{localtime(known):%Y-%m-%d}"},
                )
            )
    return remarks


def stage_after(stage: str, news: Collection[str]) -> str:
    """Where a lead stands once the news are known: on its highest rung; a loss takes it off any but the last.

    What was disqualified stays so unless it was won.
    """
    if Stage.CUSTOMER in news:
        return Stage.CUSTOMER
    if stage in OFF_LADDER or stage == Stage.CUSTOMER:
        return stage
    if Stage.LOST in news:
        return Stage.LOST
    return highest([stage, *news], stage)


def moves(past: Past) -> Iterator[tuple[str, str, datetime]]:
    """The news as moves (from, to, at), lowest rung first: each from the highest rung below it that the lead
    was on."""
    for stage, at in sorted(past.news.items(), key=lambda news: (news[0] in OFF_LADDER, rank(news[0]))):
        below = [other for other in past.entries if other in LADDER and other != stage]
        if stage in LADDER:
            below = [other for other in below if rank(other) < rank(stage)]
        yield highest(below, ""), stage, at


def odd_order(created_at: datetime, given: Mapping[Stage, datetime]) -> list[Remark]:
    """Dates that contradict each other are kept as given, and said, in the words by which a column is chosen, as the
    zone in force has them.
    """
    dates = [("created_at", created_at), *((field, given[s]) for field, s in HISTORY.items() if s in given)]
    return [
        Remark(
            field,
            gettext("“%(field)s” (%(at)s) lies before “%(earlier)s” (%(before)s); both are kept as given.")
            % {
                "field": TARGETS[field].label,
                "at": f"{localtime(at):%Y-%m-%d}",
                "earlier": TARGETS[earlier].label,
                "before": f"{localtime(before):%Y-%m-%d}",
            },
        )
        for (earlier, before), (field, at) in pairwise(dates)
        if at < before
    ]
