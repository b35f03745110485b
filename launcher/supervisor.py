"""Keeps the services running: starts them in order, restarts what crashes, stops them in the opposite
order."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from launcher.children import Children
from launcher.ending import shielded
from launcher.layout import MEBIBYTE, Layout, Trouble
from launcher.place import Account

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
STEADY_AFTER = 60.0
LARGEST_LOG = 10 * MEBIBYTE
FULL_DISK = 20 * MEBIBYTE
Say = Callable[[str], None]


@dataclass(frozen=True)
class Service:
    """A program that runs as long as the launcher.

    `before` runs before every start (it clears what a crash left); `ready` tells whether it answers.
    `stop_signal` asks it to end, with `grace` seconds to do so; `when_orphaned` ends it if the launcher
    itself is gone. One that `serves_others` is stopped after all that do not.
    """

    name: str
    command: Sequence[str | Path]
    ready: Callable[[], bool] = lambda: True
    before: Callable[[], None] = lambda: None
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    keep: Sequence[int] = ()
    stop_signal: int = signal.SIGTERM
    when_orphaned: int = signal.SIGKILL
    grace: float = 10.0
    serves_others: bool = False


@dataclass
class Running:
    """A started service: its process, and what its restarts have come to."""

    service: Service
    process: "subprocess.Popen[bytes]"
    started: float
    pause: float = FIRST_PAUSE / 2
    again_at: float | None = None


class Supervisor:
    """Runs services for one launcher, each with a log file of its own."""

    def __init__(self, layout: Layout, children: Children, *, say: Say) -> None:
        self.layout = layout
        self.children = children
        self.say = say
        self.running: list[Running] = []

    def log(self, service: Service) -> Path:
        return self.layout.logs / f"{service.name}.log"

    def start(self, service: Service, *, within: float) -> None:
        """Start a service and wait until it answers. Raises Trouble with its log's last line if it does
        not."""
        with shielded():
            running = Running(service, self.spawn(service), time.monotonic())
            self.running.append(running)
        deadline = running.started + within
        while not service.ready():
            if has_ended(running.process):
                raise Trouble(f"{service.name} did not start: {self.last_words(service)}")
            if time.monotonic() > deadline:
                raise Trouble(
                    f"{service.name} did not answer within {within:.0f} s: {self.last_words(service)}"
                )
            time.sleep(0.05)

    def spawn(self, service: Service) -> "subprocess.Popen[bytes]":
        service.before()
        with self.log(service).open("ab") as output:
            return self.children.start(
                service.command,
                environment=service.environment,
                directory=self.layout.root,
                output=output,
                account=service.account,
                when_orphaned=service.when_orphaned,
                keep=service.keep,
            )

    def last_words(self, service: Service) -> str:
        """The last line of a service's log, and where the rest is."""
        log = self.log(service)
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        return f"{lines[-1] if lines else 'it said nothing'} (all of it in {self.layout.shown(log)})"

    def watch(self) -> NoReturn:
        """Restart what ends, until a signal handler raises."""
        while True:
            time.sleep(0.2)
            with shielded():
                for running in self.running:
                    self.look_at(running, time.monotonic())
                    keep_short(self.log(running.service))

    def look_at(self, running: Running, now: float) -> None:
        """Notice that a service has ended and plan its restart, or restart it when that time has come."""
        if running.again_at is None:
            if running.process.poll() is None:
                return
            self.children.sweep(running.process)
            running.pause = next_pause(running.pause, lasted=now - running.started)
            running.again_at = now + running.pause
            self.say(self.report(running))
        elif now >= running.again_at:
            running.again_at, running.started = None, now
            running.process = self.spawn(running.service)

    def report(self, running: Running) -> str:
        """One line about a service that ended by itself."""
        service, how = running.service, how_it_ended(running.process.returncode)
        why = ", and the disk is full" if shutil.disk_usage(self.layout.data).free < FULL_DISK else ""
        log = self.layout.shown(self.log(service))
        return (
            f"{service.name} ended ({how}){why}; it starts again in {running.pause:.0f} s. Its log is {log}."
        )

    def stop(self) -> None:
        """Stop the programs, all asked at once, then the servers they used, one by one, last started
        first."""
        left = [running for running in reversed(self.running) if running.again_at is None]
        programs = [running for running in left if not running.service.serves_others]
        servers = [running for running in left if running.service.serves_others]
        for together in (programs, *([server] for server in servers)):
            for running in together:
                self.children.ask(running.process, running.service.stop_signal)
            for running in together:
                self.children.finish(running.process, grace=running.service.grace)
        self.running.clear()


def keep_short(log: Path) -> None:
    """Move a log's content to a file beside it once it has grown large. Programs append, so they go on at the
    start of the same file."""
    if log.stat().st_size > LARGEST_LOG:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def has_ended(process: "subprocess.Popen[bytes]") -> bool:
    with shielded():
        return process.poll() is not None


def next_pause(pause: float, *, lasted: float) -> float:
    """Seconds to wait before a restart: one after a steady run, else twice the last pause, up to half a
    minute."""
    return FIRST_PAUSE if lasted > STEADY_AFTER else min(pause * 2, LONGEST_PAUSE)


def how_it_ended(code: int) -> str:
    """A process's exit code in words."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
