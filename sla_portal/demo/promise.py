"""What the demo company's two sides promised each other: the starter agreement with figures of their own size."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from agreements.services.documents import STARTER, read_source

CHANGES: Mapping[str, Mapping[str, Any]] = {
    "goal-revenue": {"target": 330_000, "baseline": 280_000},
    "goal-mqls": {"target": 200, "baseline": 160},
    "funnel-plan": {
        "revenue_a_month": 110_000,
        "deal_size": 18_000,
        "sql_to_customer": 0.3,
        "lead_to_mql": 0.35,
    },
    "commitment-mqls": {"target": 75},
}


def promise() -> dict[str, Any]:
    """The document, ready to be loaded."""
    document = deepcopy(dict(read_source(STARTER).data))
    for section in document.values():
        for clause in section if isinstance(section, list) else ():
            clause.update(CHANGES.get(clause["key"], {}))
    return document
