"""What has to be in place between the servers' start and the programs': tables, demo, static files."""

import contextlib
import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from launcher.install import Environment
from launcher.layout import Layout, Trouble
from launcher.stack import Stack

ENDED_BY_SIGNAL = {128 + signal.SIGINT, 128 + signal.SIGTERM, 128 + signal.SIGHUP}


def fill(stack: Stack, *, demo: bool) -> list[list[str]] | None:
    """Bring the database up to date and load the demo into an empty one, which is one transaction. Return the
    demo's logins (none if this is not a demo), or None if nobody can log in yet."""
    with stack.report.step("database", "bringing it up to date") as change:
        found = stack.prepare()
        change("the database is up to date")
    if demo and found.empty:
        with stack.report.step("demo", "loading the demo company") as change:
            _load_demo(stack)
            change("the demo company is loaded")
        found = stack.prepare()
    return found.logins if found.people else None


def _load_demo(stack: Stack) -> None:
    """In the foreground, where it shows how far it is."""
    code = stack.run("manage.py", "load_demo", "--verbosity", "0")
    if code in ENDED_BY_SIGNAL:
        raise KeyboardInterrupt
    if code != 0:
        raise Trouble("The demo could not be loaded; the reason stands above. --no-demo starts without it.")


@contextlib.contextmanager
def static_files(stack: Stack) -> Iterator[None]:
    """Collect the static files beside whatever this block does, if any of them, or an installed package, has
    changed since the last time. Raises Trouble at the block's end if that failed."""
    stamp = stack.layout.data / "static.stamp"
    state = static_state(stack.layout)
    if stamp.exists() and stamp.read_text() == state:
        yield
        return
    stamp.unlink(missing_ok=True)
    collecting = stack.begin("manage.py", "collectstatic", "--noinput", "--clear", log="static")
    yield
    with stack.report.step("static", "collecting the static files") as change:
        stack.finish(collecting, log="static", purpose="Collecting the static files")
        stamp.write_text(state)
        change("the static files are collected")


def static_state(layout: Layout) -> str:
    """A hash that changes with the name, size or time of any static file, and with the installed packages."""
    state = hashlib.sha256()
    stamp = Environment(layout).stamp
    state.update(stamp.read_bytes() if stamp.exists() else b"")
    for directory in sorted([layout.root / "static", *layout.root.glob("[!.]*/static")]):
        for path in sorted(files_below(directory)):
            found = path.stat()
            state.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return state.hexdigest()


def files_below(directory: Path) -> list[Path]:
    return [Path(base) / name for base, _, names in os.walk(directory) for name in names]
