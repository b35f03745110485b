"""A checkout of its own for every test of the launcher."""

from collections.abc import Callable
from pathlib import Path

import pytest

from launcher.layout import Layout, layout_for


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """An empty checkout whose data directory is made; no outside server is named."""
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DEBUG", "DEMO"):
        monkeypatch.delenv(name, raising=False)
    layout = layout_for(tmp_path)
    layout.make()
    return layout


@pytest.fixture
def said() -> list[str]:
    """What was said so far to the function `say`."""
    return []


@pytest.fixture
def say(said: list[str]) -> Callable[[str], None]:
    return said.append
