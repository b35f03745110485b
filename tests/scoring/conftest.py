"""Scoring without what upper apps make of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scoring import extensions
from scoring.signals import leads_scored
from tests.factories.agreements import starter_content


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody above listens to scores or holds leads back."""
    monkeypatch.setattr(leads_scored, "receivers", [])
    monkeypatch.setattr(extensions, "holds", [])
    leads_scored.sender_receivers_cache.clear()


@pytest.fixture
def heard(alone: None) -> Iterator[list[dict[str, Any]]]:
    """What was told by `leads_scored`."""
    told: list[dict[str, Any]] = []

    def hear(**facts: Any) -> None:
        del facts["signal"], facts["sender"]
        told.append(facts)

    leads_scored.connect(hear)
    yield told
    leads_scored.disconnect(hear)


@pytest.fixture
def starter_definitions() -> Callable[[str, str], list[dict[str, Any]]]:
    """The starter's definitions, with one condition for an MQL."""

    def definitions(field: str, op: str) -> list[dict[str, Any]]:
        return [
            {**clause, "criteria": [{"field": field, "op": op}]} if clause["key"] == "mql" else clause
            for clause in starter_content()["definitions"]
            if "{§" not in clause["words"]  # the chapters they name are not there
        ]

    return definitions
