"""`./portal up` as a whole: a checkout of its own, the real programs, the embedded servers."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.install import Environment
from launcher.layout import layout_for

ROOT = Path(__file__).resolve().parents[2]
OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DEMO", "PORTAL_DATA_DIR")
SESSION = "from django.contrib.sessions.models import Session as S; "
KEEP_ONE = SESSION + "S(session_key='kept', session_data='', expire_date='2100-01-01T00:00Z').save()"
USE_BOTH = """
from django.core.cache import cache
from django.db import connection
cursor = connection.cursor()
cursor.execute("SELECT 1")
cache.set("named-servers", "well", 5)
print(*cursor.fetchone(), cache.get("named-servers"))
"""
COUNT = SESSION + "print(S.objects.filter(session_key='kept').count())"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Environment(layout_for(ROOT)).has("embedded"), reason="./portal did not install this environment"
    ),
]


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A checkout with the project's own files by reference, its launcher by copy, and no data yet."""
    root = Path(tempfile.mkdtemp(prefix="portal-"))
    root.chmod(0o755)
    for path in ROOT.iterdir():
        if path.name in {"portal", "launcher"}:
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, root / path.name)
        elif path.name not in {".git", ".portal"}:
            (root / path.name).symlink_to(path)
    yield root
    cluster = root / ".portal" / "postgres"
    if cluster.is_symlink():
        shutil.rmtree(cluster.resolve().parent)
    shutil.rmtree(root)


class Portal:
    """`./portal` in a checkout, as a person types it."""

    def __init__(self, root: Path, **environment: str) -> None:
        self.root = root
        inherited = {name: value for name, value in os.environ.items() if name not in OURS}
        self.environment = inherited | environment
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "portal", *arguments]
        return subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False
        )

    def up(self) -> "subprocess.Popen[str]":
        """Start the portal and wait for its address."""
        command = [sys.executable, "portal", "up", "--no-demo", "--port", self.port]
        process = subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            seen.append(line)
            if "Ctrl-C stops everything" in line:
                return process
        pytest.fail("".join(seen))

    def processes(self) -> list[str]:
        """Every process that works for or in this checkout, but for those that only wait to be collected."""
        listing = subprocess.run(
            ["ps", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True
        )
        lines = [line.split(maxsplit=2) for line in listing.stdout.splitlines()]
        return [
            arguments
            for pid, state, arguments in lines
            if state[0] != "Z" and (str(self.root) in arguments or str(self.root) in works_in(pid))
        ]

    def rows(self) -> str:
        return self.run("manage", "shell", "-v", "0", "-c", COUNT).stdout.strip()


def works_in(pid: str) -> str:
    """The directory a process works in, where the system tells."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def test_a_killed_portal_leaves_no_process_and_comes_back_with_every_row(checkout: Path) -> None:
    portal = Portal(checkout)
    with portal.up() as launcher:
        with urllib.request.urlopen(f"http://localhost:{portal.port}/health/") as answer:
            assert answer.status == 200
        second = portal.run("up", "--port", portal.port)
        assert second.returncode == 1
        assert second.stderr == (
            f"portal: The portal already runs at http://localhost:{portal.port}/ (process {launcher.pid}): "
            "use it, or stop it first.\n"
        )
        assert portal.run("manage", "shell", "-c", KEEP_ONE).returncode == 0
        assert len(portal.processes()) >= 6
        launcher.kill()
    deadline = time.monotonic() + 10
    while portal.processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert portal.processes() == []

    with portal.up() as launcher:
        assert portal.rows() == "1"
        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(20) == 0
    assert portal.processes() == []

    assert portal.rows() == "1"
    assert re.fullmatch(r"\S{50,}", (checkout / ".portal" / "secret_key").read_text())


def test_named_servers_that_do_not_answer_are_told_and_none_is_started_instead(checkout: Path) -> None:
    portal = Portal(checkout, DATABASE_URL="postgres://127.0.0.1:9/portal", REDIS_URL="redis://127.0.0.1:9/0")
    answer = portal.run("up", "--port", portal.port)
    assert answer.returncode == 1
    assert "The server in DATABASE_URL (postgres://127.0.0.1:9/portal) does not answer" in answer.stderr
    assert not {"postgres", "valkey"} & {path.name for path in (checkout / ".portal").iterdir()}


@pytest.mark.outside
def test_named_servers_are_used(checkout: Path) -> None:
    urls = {
        "DATABASE_URL": os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres"),
        "REDIS_URL": os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/15"),
    }
    answer = Portal(checkout, **urls).run("manage", "shell", "-v", "0", "-c", USE_BOTH)
    assert (answer.stdout, answer.stderr) == ("1 well\n", "")
    assert not {"postgres", "valkey"} & {path.name for path in (checkout / ".portal").iterdir()}
