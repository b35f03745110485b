"""What every test may use."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings

from agreements.models import Version
from tests.factories.agreements import active_starter
from tests.factories.handoffs import SalesTeam, make_sales_team

settings.register_profile(
    "portal", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("portal")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Whatever a test's threads or workers left connected does not keep the test database from being dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


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
