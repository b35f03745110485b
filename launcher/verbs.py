"""What `./portal` can do, verb by verb (`launcher.checks` has the tests). Each returns the exit code."""

import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from launcher import filling, programs
from launcher.children import Children
from launcher.install import Environment
from launcher.layout import Layout, Trouble, layout_for
from launcher.lock import State, Taken
from launcher.report import Report
from launcher.stack import SERVER_URLS, Stack, hold, outside, wipe
from launcher.supervisor import Service

LONGEST_START = 180.0
HOW_TO_ADD_AN_ADMINISTRATOR = (
    './portal manage create_user --email you@example.com --name "Your Name" --role admin'
)


def wanted_lock() -> str:
    """The lock file a run needs: with the embedded servers, unless the user has named both of them."""
    return "base" if outside("DATABASE_URL") and outside("REDIS_URL") else "embedded"


def setup(root: Path, report: Report, *, lock: str) -> None:
    """Install the requirements that the lock file names, unless they are there."""
    layout = layout_for(root)
    layout.make()
    environment = Environment(layout)
    if report.silent and not environment.is_complete(lock):
        report.say("installing the requirements")
    with report.step("install", "checking") as change:
        environment.ensure(lock, progress=change)
        change("the requirements are installed")


def up(root: Path, report: Report, *, port: int, demo: bool, fresh: bool) -> int:
    """Run the portal until Ctrl-C: install, servers, database, demo, then web, worker and beat."""
    layout = layout_for(root)
    if fresh and outside("DATABASE_URL"):
        raise Trouble("--fresh deletes only embedded data, and DATABASE_URL names a server of your own.")
    report.say("SLA portal")
    try:
        with hold(layout, report, verb="up") as stack, programs.take_port(port) as door:
            setup(root, report, lock=wanted_lock())
            if fresh:
                wipe(layout)
            with Environment(layout).answering_for_failures():
                logins = start_all(stack, door, demo=demo)
            State(os.getpid(), "up", address(port), ready=True, urls=stack.urls).write(layout)
            greet(report, address(port), logins, logs=layout.shown(layout.logs))
            stack.supervisor.watch()
    except Taken as taken:
        raise Trouble(who_holds(taken.holder)) from taken
    except KeyboardInterrupt:
        report.say("\nStopped.")
    return 0


def start_all(stack: Stack, door: socket.socket, *, demo: bool) -> list[list[str]] | None:
    """Start the servers, fill the database, start the programs. Return the demo's logins (none if this is not a
    demo), or None if nobody can log in yet."""
    stack.start_servers()
    with filling.static_files(stack):
        logins = filling.fill(stack, demo=demo)
    with stack.report.step("programs", "starting") as change:
        for service in portal_programs(stack, door, address(door.getsockname()[1])):
            stack.supervisor.start(service, within=LONGEST_START)
        change("web, worker and beat are running")
    return logins


def portal_programs(stack: Stack, door: socket.socket, shown_at: str) -> list[Service]:
    """The portal's own programs, web last, because it tells when it is ready."""
    layout = stack.layout
    environment = programs.environment_for(layout, stack.urls, shown_at)
    return [
        programs.worker(layout, environment),
        programs.beat(layout, environment),
        programs.web(layout, environment, door),
    ]


def manage(root: Path, report: Report, *, command: Sequence[str], bench: bool = False) -> int:
    """Run a management command with the servers running: those of a running `up`, or else for its duration.

    Where it starts them itself, it first brings a new database up to date; a benchmark always does."""
    layout = layout_for(root)
    setup(root, report, lock=wanted_lock())
    while True:
        try:
            with hold(layout, report, verb=" ".join(["manage", *command[:1]])) as stack:
                with Environment(layout).answering_for_failures():
                    stack.start_servers()
                    if bench or stack.is_new:
                        stack.prepare()
                return stack.run("manage.py", *command)
        except Taken as taken:
            running = wait_for_turn(layout, taken.holder, report)
            if running is not None:
                return run_beside(layout, running, command)
        except KeyboardInterrupt:
            return 130


def wait_for_turn(layout: Layout, holder: State | None, report: Report) -> State | None:
    """Wait until a running `up` is ready, and return its state, or until another command is done, and return
    None."""
    if holder is not None and not holder.ready:
        report.say(f"waiting for ./portal {holder.verb} (process {holder.pid})")
    deadline = time.monotonic() + LONGEST_START
    while holder is not None and holder.alive and not holder.ready:
        if holder.verb == "up" and time.monotonic() > deadline:
            raise Trouble(
                f"./portal up (process {holder.pid}) does not get ready: see {layout.shown(layout.logs)}."
            )
        time.sleep(0.2)
        holder = State.read(layout)
    return holder if holder is not None and holder.alive else None


def run_beside(layout: Layout, running: State, command: Sequence[str]) -> int:
    """Run a management command on the servers of a running `up`, but for those that the user names."""
    named = {name: url for name in SERVER_URLS if (url := outside(name))}
    environment = programs.environment_for(layout, running.urls | named)
    return Children().run(
        [layout.python, "manage.py", *command], environment=environment, directory=layout.root
    )


def who_holds(holder: State | None) -> str:
    """Why this launcher cannot start, in one sentence."""
    if holder is None:
        return "Another ./portal is running in this checkout: stop it first."
    if holder.verb == "up" and holder.ready:
        return (
            f"The portal already runs at {holder.address} (process {holder.pid}): use it, or stop it first."
        )
    if holder.verb == "up":
        return (
            f"Another ./portal up (process {holder.pid}) is starting in this checkout: wait for its address."
        )
    return f"./portal {holder.verb} (process {holder.pid}) uses this checkout's servers: wait for its end."


def address(port: int) -> str:
    return f"http://localhost:{port}/"


def greet(report: Report, where: str, logins: list[list[str]] | None, *, logs: str) -> None:
    """Say where the portal is and how to log in. `logins` is None where nobody can log in yet."""
    report.say(f"\n  The portal is ready at {where}\n")
    if logins is None:
        report.say(
            f"  Nobody can log in yet. Make the first administrator:\n    {HOW_TO_ADD_AN_ADMINISTRATOR}\n"
        )
    elif logins:
        report.say("  Log in to the demo as")
        widths = [max(len(cell) for cell in column) for column in zip(*logins, strict=True)]
        for login in logins:
            report.say(
                "    "
                + "   ".join(cell.ljust(width) for cell, width in zip(login, widths, strict=True)).rstrip()
            )
        report.say()
    report.say(f"  Ctrl-C stops everything. Logs are in {logs}/.")
