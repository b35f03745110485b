"""What journeys in a real browser share: somebody logged in, and a real worker."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Page

from accounts.models import User

Enter = Callable[[User, str], None]


@pytest.fixture
def portal_data(tmp_path: Path, settings: Any) -> Path:
    """The folder that the test's server and its worker keep files in."""
    settings.MEDIA_ROOT = tmp_path / "portal" / "media"
    return tmp_path / "portal"


@pytest.fixture
def enter(page: Page, live_server: Any) -> Enter:
    """Open a page as somebody who is logged in; whoever was before is no longer."""

    def act(user: User, path: str) -> None:
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.clear_cookies()
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        page.goto(f"{live_server.url}{path}")

    return act


def database_url() -> str:
    """The test's database on whatever server it is: outside or embedded, by TCP or by a socket."""
    server = urlsplit(os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/"))
    query = f"?{server.query}" if server.query else ""
    return f"{server.scheme}://{server.netloc}/{connection.settings_dict['NAME']}{query}"


@pytest.fixture
def worker(tmp_path: Path, portal_data: Path) -> Iterator[int]:
    """A Celery worker with its beat on the test's own database, in a process of its own; gives its id.

    It is ended by its id. What it said is in `worker.log` of the test's folder.
    """
    environment = os.environ | {"DATABASE_URL": database_url(), "PORTAL_DATA_DIR": str(portal_data)}
    options = ["worker", "--beat", "--pool", "threads", "--concurrency", "2", "--loglevel", "warning"]
    options += ["--schedule", str(tmp_path / "schedule"), "--without-gossip", "--without-mingle"]
    with (tmp_path / "worker.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "sla_portal", *options],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
