"""One launcher per data directory, and what the one that runs tells the others."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from launcher.layout import Layout

GRACE_FOR_A_DEAD_HOLDER = 30.0


class Taken(Exception):
    """Another launcher that is alive holds the data directory; `holder` is what it says of itself, if
    anything."""

    def __init__(self, holder: "State | None") -> None:
        super().__init__()
        self.holder = holder


@dataclass(frozen=True)
class State:
    """What the running launcher says of itself: written when it takes the lock, again when it is ready."""

    pid: int
    verb: str
    address: str = ""
    ready: bool = False
    urls: dict[str, str] = field(default_factory=dict)

    def write(self, layout: Layout) -> None:
        """Replace the state file in one step; it may hold a password, so only its owner reads it."""
        new = layout.state.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self), file)
        new.replace(layout.state)

    @classmethod
    def read(cls, layout: Layout) -> "State | None":
        """The last launcher's state, or None if there is none that can be read."""
        try:
            return cls(**json.loads(layout.state.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    @property
    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


def take(layout: Layout, *, verb: str) -> int:
    """Take the data directory for this launcher and return the file descriptor that holds the lock.

    A launcher killed with -9 leaves a watchdog that holds the lock until every server is gone, so a dead
    holder is waited for. Raises Taken if the holder is alive.
    """
    descriptor = os.open(layout.lock, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + GRACE_FOR_A_DEAD_HOLDER
    while not try_lock(descriptor):
        holder = State.read(layout)
        if (holder is not None and holder.alive) or time.monotonic() > deadline:
            os.close(descriptor)
            raise Taken(holder)
        time.sleep(0.1)
    State(pid=os.getpid(), verb=verb).write(layout)
    return descriptor


def try_lock(descriptor: int) -> bool:
    """Lock an open file for this process and the ones it forks, without waiting; return whether that
    worked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def waiting_lock(path: Path, *, wait_for: str, progress: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock file at `path`; say what is waited for if it is taken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not try_lock(descriptor):
            progress(f"waiting for {wait_for} to finish")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
