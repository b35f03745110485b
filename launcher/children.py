"""Child processes that never outlive the launcher, however it ends.

Two nets, because neither covers everything. On Linux the kernel signals each direct child when the launcher
dies. And on every system a watchdog, a process of its own session, holds the reading end of a pipe: when the
launcher is gone the pipe closes, and the watchdog ends whole process groups, grandchildren included.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from launcher.place import Account, become

PR_SET_PDEATHSIG = 1
GRACE = 8.0
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
OURS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@dataclass(frozen=True)
class Ward:
    """A process the watchdog looks after: its id, the signal that ends it, and whether it leads a process
    group."""

    pid: int
    signal: int
    leads_group: bool

    def send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.leads_group:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)


class Watchdog:
    """The launcher's end of the pipe to its watchdog."""

    def __init__(self) -> None:
        reading, self.pipe = os.pipe()
        if os.fork() == 0:
            os.close(self.pipe)
            watch_over(reading)
        os.close(reading)

    def add(self, ward: Ward) -> None:
        os.write(self.pipe, f"+ {ward.pid} {ward.signal} {int(ward.leads_group)}\n".encode())

    def forget(self, pid: int) -> None:
        os.write(self.pipe, f"- {pid}\n".encode())


def watch_over(pipe: int) -> None:
    """The watchdog's whole life: learn who runs, wait for the launcher's end, end them, exit."""
    try:
        os.setsid()
        for number in OURS:
            signal.signal(number, signal.SIG_IGN)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(nowhere, standard)
        wards: dict[int, Ward] = {}
        with os.fdopen(pipe) as lines:
            for line in lines:
                note(line, wards)
        end_all([*reversed(wards.values())])
    finally:
        os._exit(0)


def note(line: str, wards: dict[int, Ward]) -> None:
    """Take one line of the pipe into account."""
    kind, pid, *rest = line.split()
    if kind == "+":
        wards[int(pid)] = Ward(int(pid), int(rest[0]), rest[1] == "1")
    else:
        wards.pop(int(pid), None)


def end_all(wards: Sequence[Ward], *, grace: float = GRACE) -> None:
    """Send each its signal, wait for all of them, kill what is left."""
    for ward in wards:
        ward.send(ward.signal)
    deadline = time.monotonic() + grace
    while any(is_running(ward.pid) for ward in wards) and time.monotonic() < deadline:
        time.sleep(0.05)
    for ward in wards:
        ward.send(signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Whether the process exists and is not merely waiting to be collected by its parent."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


class Children:
    """Starts processes that are tied to this launcher. Use it from the main thread only: the kernel's signal
    comes when the thread that started a child ends."""

    def __init__(self) -> None:
        self.watchdog = Watchdog()

    def start(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        directory: Path,
        output: IO[bytes] | None = None,
        account: Account | None = None,
        own_group: bool = True,
        when_orphaned: int = signal.SIGKILL,
        keep: Sequence[int] = (),
    ) -> "subprocess.Popen[bytes]":
        """Start a process. Without `output` it shares the terminal, and with `own_group=False` the terminal's
        signals.

        `when_orphaned` is the signal it gets if the launcher dies; `keep` are file descriptors that it
        inherits.
        """
        process = subprocess.Popen(
            [str(part) for part in command],
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL if output else None,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=own_group,
            pass_fds=keep,
            preexec_fn=prepare_child(account, when_orphaned, parent=os.getpid()),  # noqa: PLW1509 (no threads)
        )
        self.watchdog.add(Ward(process.pid, when_orphaned, own_group))
        return process

    def ask(self, process: "subprocess.Popen[bytes]", number: int) -> None:
        """Send a signal to a process that may have ended already."""
        if process.poll() is None:
            process.send_signal(number)

    def finish(self, process: "subprocess.Popen[bytes]", *, grace: float) -> None:
        """Wait `grace` seconds for a process that was asked to end, then kill what is left of its group."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
        self.sweep(process)

    def sweep(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill whatever is left of a process's group, and forget it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.watchdog.forget(process.pid)

    def collect(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        directory: Path,
        errors: IO[bytes],
    ) -> "subprocess.CompletedProcess[str]":
        """Run a process to its end and return what it printed; what it says on standard error goes to
        `errors`."""
        return subprocess.run(
            [str(part) for part in command],
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            check=False,
            preexec_fn=prepare_child(None, signal.SIGKILL, parent=os.getpid()),
        )

    def run(self, command: Sequence[str | Path], *, environment: Mapping[str, str], directory: Path) -> int:
        """Run a process in the foreground, with the terminal, and return its exit code (128 + n for signal
        n).

        Ctrl-C is the process's own to answer; SIGTERM and SIGHUP are passed on to it.
        """
        process = self.start(
            command,
            environment=environment,
            directory=directory,
            own_group=False,
            when_orphaned=signal.SIGTERM,
        )
        with signals_for(process):
            code = process.wait()
        self.watchdog.forget(process.pid)
        return code if code >= 0 else 128 - code


@contextlib.contextmanager
def signals_for(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """While a foreground process runs, ignore the terminal's Ctrl-C here and pass SIGTERM and SIGHUP on."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGINT, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: process.send_signal(got))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def prepare_child(account: Account | None, when_orphaned: int, *, parent: int) -> Callable[[], None]:
    """What a child does between fork and exec: become the account, then tie its life to the launcher's (in
    that order: changing the user would undo the tie)."""

    def prepare() -> None:
        if account is not None:
            become(account)
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, when_orphaned)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
