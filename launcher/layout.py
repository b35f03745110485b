"""Where the launcher keeps things, and the one kind of failure it tells a person about."""

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1024 * 1024


class Trouble(Exception):
    """One clear sentence for the person at the terminal: what is wrong and what to do about it."""


@dataclass(frozen=True)
class Layout:
    """The paths of one checkout. `data` is `.portal` for `up`, and a directory of its own below it for the
    tests."""

    root: Path
    data: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def state(self) -> Path:
        return self.data / "state.json"

    @property
    def lock(self) -> Path:
        return self.data / "lock"

    def shown(self, path: Path) -> str:
        """A path as a person in the checkout would type it."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def make(self) -> None:
        """Create the directories; refuse data that belongs to another user.

        Everyone may pass through `data` (a PostgreSQL run as another user has to), nobody may list it.
        """
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            owner = self.data.stat().st_uid
            if owner != os.geteuid():
                raise Trouble(f"{self.data} belongs to another user (id {owner}): run ./portal as that user.")
            self.data.chmod(0o711)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except PermissionError as error:
            raise Trouble(
                f"{self.data} cannot be written by this user: run ./portal as the checkout's owner."
            ) from error


def layout_for(root: Path, *, tests: bool = False) -> Layout:
    """The layout of the checkout at `root`; the tests keep their data apart, so that they never touch the
    demo's."""
    data = root / ".portal"
    return Layout(root, data / "test" if tests else data)


def require_space(path: Path, *, mebibytes: int, purpose: str) -> None:
    """Raise Trouble if the disk that holds `path` has less than `mebibytes` free."""
    free = shutil.disk_usage(path).free // MEBIBYTE
    if free < mebibytes:
        raise Trouble(
            f"The disk that holds {path} is full: {free} MB are free, and {purpose} needs {mebibytes} MB."
        )


def is_full_disk(error: OSError) -> bool:
    """Whether an operating system error says that no space is left."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}
