"""What the demo company's two sides promised each other: the starter agreement with figures of their own size."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from agreements.services.documents import STARTER, read_source

CHANGES: Mapping[str, Mapping[str, Any]] = {
    "goal-revenue": {"target": 240_000, "baseline": 205_000},
    "goal-mqls": {"target": 100, "baseline": 85},
    "funnel-plan": {
        "revenue_a_month": 80_000,
        "marketing_sourced_share": 0.7,
        "deal_size": 19_000,
        "sql_to_customer": 0.2,
        "mql_to_sql": 0.335,
        "lead_to_mql": 0.45,
        "visitor_to_lead": 0.02,
    },
    "commitment-mqls": {"target": 45},
}

GOALS = ("goal-revenue", "goal-mqls")
"""Of a whole quarter. More leads qualify than that, and deals are smaller than planned: one is ahead, one behind."""


def promise(change_note: str = "", *, share: float = 1) -> dict[str, Any]:
    """The document, ready to be loaded; `change_note` says what a later version changes, `share` for how much of
    the quarter the two sides agree it: their goals are that much smaller.
    """
    document = deepcopy(dict(read_source(STARTER).data))
    if change_note:
        document["version"]["change_note"] = change_note
    for section in document.values():
        for clause in section if isinstance(section, list) else ():
            clause.update(CHANGES.get(clause["key"], {}))
            if clause["key"] in GOALS:
                clause.update({name: round(clause[name] * share) for name in ("target", "baseline")})
    return document
