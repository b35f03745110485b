"""What every test may use."""

import os
import shutil
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from agreements.models import Version
from tests.factories.agreements import active_starter
from tests.factories.handoffs import SalesTeam, make_sales_team

settings.register_profile(
    "portal", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("portal")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def now() -> datetime:
    """A Monday morning in the business hours of the starter agreement."""
    return datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def starter(now: datetime, db: None) -> Version:
    """The starter agreement, in force since a moment ago, signed by a manager of each side."""
    return active_starter(now=now)


@pytest.fixture
def sales_team(db: None) -> SalesTeam:
    """Pool `inbound` with its manager and the reps mia, omar and lena; a marketing manager beside them."""
    return make_sales_team()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium: Playwright's download is not needed."""
    found = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome")))
    quiet = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
    background = ("--disable-background-networking", "--disable-component-update")
    return browser_type_launch_args | {"executable_path": next(found, None), "args": [*quiet, *background]}
