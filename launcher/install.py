"""The virtual environment: made once, installed from a hash-locked file, mended when it is damaged.

Three lock files, each containing the one before: `base` (the portal), `embedded` (and its servers), `dev`
(and the tools of the tests). A stamp beside the environment names the lock file that was installed and its
hash.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher import intact
from launcher.children import prepare_child
from launcher.layout import Layout, Trouble, require_space
from launcher.lock import waiting_lock

LOCKS = ("base", "embedded", "dev")
SPACE_NEEDED = {"base": 300, "embedded": 350, "dev": 900}
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Environment:
    """One checkout's virtual environment."""

    layout: Layout

    @property
    def stamp(self) -> Path:
        return self.layout.venv / ".portal-installed.json"

    @property
    def unfinished(self) -> Path:
        """Exists exactly while an install runs, after one that was cut off, and, with the reason in it, once
        damage was found."""
        return self.layout.venv / ".portal-installing"

    @property
    def packages(self) -> Path:
        found = sorted(self.layout.venv.glob("lib/python3.*/site-packages"))
        if not found:
            raise Trouble(f"{self.layout.venv} holds no packages: run ./portal setup.")
        return found[-1]

    def lock_file(self, lock: str) -> Path:
        return self.layout.root / "requirements" / f"{lock}.txt"

    def ensure(self, lock: str, *, progress: Progress) -> bool:
        """Install the named lock file unless a stamp says that it, or a larger one, is already there. Return
        whether anything was installed. Raises Trouble with pip's own error when that fails."""
        if self.is_complete(lock):
            return False
        with waiting_lock(
            self.layout.root / ".portal" / "install.lock", wait_for="another install", progress=progress
        ):
            fault = self.fault()
            if fault is None and self.has(lock):
                return False
            require_space(self.layout.root, mebibytes=SPACE_NEEDED[lock], purpose="the install")
            if fault is not None:
                progress(fault)
                self.create()
            self.install(lock, progress=progress)
        return True

    def is_complete(self, lock: str) -> bool:
        """Whether there is nothing to install."""
        return self.fault() is None and self.has(lock)

    def fault(self) -> str | None:
        """Why the environment has to be made anew, or None if it can be used or added to."""
        if not self.layout.venv.exists():
            return "new environment"
        if not self.layout.python.exists():
            return "its Python is gone, so it is made anew"
        if self.unfinished.exists():
            reason = self.unfinished.read_text() or "the last install was cut off"
            return f"{reason}, so it is made anew"
        if self.stamp.exists() and (fault := intact.first_fault(self.packages)) is not None:
            return f"{fault}, so it is made anew"
        return None

    @contextlib.contextmanager
    def answering_for_failures(self) -> Iterator[None]:
        """If this block fails and an installed file is not what it was, that is the reason: raises Trouble that
        says so, and the next start makes the environment anew."""
        try:
            yield
        except (Trouble, OSError) as error:
            if not self.stamp.exists() or (damage := intact.first_damage(self.packages)) is None:
                raise
            self.unfinished.write_text(damage)
            raise Trouble(
                f"{damage}, so nothing can run: start again, and {self.layout.shown(self.layout.venv)} is made "
                "anew."
            ) from error

    def has(self, lock: str) -> bool:
        """Whether the stamp says that this lock file, as it is now, or a larger one is installed."""
        try:
            stamp = json.loads(self.stamp.read_text())
        except (OSError, ValueError):
            return False
        installed = stamp.get("lock")
        return (
            installed in LOCKS
            and LOCKS.index(installed) >= LOCKS.index(lock)
            and stamp.get("hash") == hash_of(self.lock_file(installed))
        )

    def create(self) -> None:
        """Make an empty environment in place of what is there."""
        if importlib.util.find_spec("ensurepip") is None:
            version = f"{sys.version_info[0]}.{sys.version_info[1]}"
            raise Trouble(
                f"This Python has no `venv`; on Debian or Ubuntu: apt-get install python{version}-venv"
            )
        made = subprocess.run(
            [base_python(), "-m", "venv", "--clear", str(self.layout.venv)],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise Trouble(f"No virtual environment could be made: {last_line(made.stdout + made.stderr)}")

    def install(self, lock: str, *, progress: Progress) -> None:
        """Run pip on the lock file, every package checked against its hash; stamp the environment when it is
        done."""
        lock_file = self.lock_file(lock)
        wanted = sum(1 for _ in locked_packages(lock_file))
        self.stamp.unlink(missing_ok=True)
        self.unfinished.touch()
        log = self.layout.logs / "install.log"
        self.layout.make()
        code = self.run_pip(
            lock_file, log=log, progress=lambda seen, name: progress(f"{seen} of {wanted}  {name}")
        )
        if code != 0:
            raise Trouble(pip_sentence(log.read_text(errors="replace"), shown_log=self.layout.shown(log)))
        self.stamp.write_text(json.dumps({"lock": lock, "hash": hash_of(lock_file)}))
        self.unfinished.unlink()

    def run_pip(self, lock_file: Path, *, log: Path, progress: Callable[[int, str], None]) -> int:
        """Run pip with its output in `log`; call `progress` with the count and name of each package it
        collects. Byte code is left to the first import: most modules never see one, so this takes half."""
        options = "--disable-pip-version-check --no-input --progress-bar off --no-compile --require-hashes"
        command = [str(self.layout.python), "-m", "pip", "install", *options.split()]
        command += ["--only-binary", ":all:", "-r", str(lock_file)]
        seen = 0
        with log.open("w") as output, started(command) as pip:
            assert pip.stdout is not None
            for line in pip.stdout:
                output.write(line)
                if found := re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line):
                    seen += 1
                    progress(seen, found[1])
        return pip.returncode


@contextlib.contextmanager
def started(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a program whose output is read here; it ends at the latest with this block."""
    tie = prepare_child(None, signal.SIGKILL, parent=os.getpid())
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=tie,  # noqa: PLW1509 (no threads)
    ) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def locked_packages(lock_file: Path) -> Iterator[str]:
    """The packages that a lock file pins for this platform or another."""
    for line in lock_file.read_text().splitlines():
        if found := re.match(r"([\w.-]+)==", line):
            yield found[1]


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def base_python() -> str:
    """The Python to make environments with: this one, or, inside an environment, the one that it was made
    from."""
    if sys.prefix == sys.base_prefix:
        return sys.executable
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}")


def last_line(output: str) -> str:
    """The last line of a program's output that says something."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def pip_sentence(output: str, *, shown_log: str) -> str:
    """What pip's output comes down to, in one sentence."""
    if "No space left on device" in output:
        return (
            "The disk is full, so the requirements could not be installed: free some space and start again."
        )
    if "NewConnectionError" in output or "Failed to establish a new connection" in output:
        return (
            f"The package index cannot be reached, and the install needs it; pip's output is in {shown_log}."
        )
    if found := re.search(r"satisfies the requirement (\S+) \(from versions: none\)", output):
        return (
            f"The package index offers no {found[1]}: it cannot be reached from here, or it does not carry it; "
            f"pip's output is in {shown_log}."
        )
    errors = [line.removeprefix("ERROR: ") for line in output.splitlines() if line.startswith("ERROR: ")]
    reason = errors[0] if errors else last_line(output)
    return f"The requirements could not be installed: {reason.rstrip('.')}. pip's output is in {shown_log}."
