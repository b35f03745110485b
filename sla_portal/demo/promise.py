"""What the demo company's two sides promised each other: the starter agreement with figures of their own size."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from agreements.services.documents import STARTER, read_source

CHANGES: Mapping[str, Mapping[str, Any]] = {
    "goal-revenue": {"target": 190_000, "baseline": 160_000},
    "goal-mqls": {"target": 115, "baseline": 95},
    "funnel-plan": {
        "revenue_a_month": 63_000,
        "marketing_sourced_share": 0.7,
        "deal_size": 15_000,
        "sql_to_customer": 0.2,
        "mql_to_sql": 0.335,
        "lead_to_mql": 0.45,
        "visitor_to_lead": 0.02,
    },
    "commitment-mqls": {"target": 45},
}


def promise(change_note: str = "") -> dict[str, Any]:
    """The document, ready to be loaded; `change_note` says what a later version changes."""
    document = deepcopy(dict(read_source(STARTER).data))
    if change_note:
        document["version"]["change_note"] = change_note
    for section in document.values():
        for clause in section if isinstance(section, list) else ():
            clause.update(CHANGES.get(clause["key"], {}))
    return document
