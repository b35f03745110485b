"""Services that crash are started again; nothing that was started outlives the launcher."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher import supervisor
from launcher.children import is_running
from launcher.ending import interrupt, shielded
from launcher.supervisor import LONGEST_PAUSE, how_it_ended, keep_short, next_pause

ROOT = Path(__file__).resolve().parents[2]

LAUNCHER = """
import signal, sys
from pathlib import Path
from launcher import children
from launcher.layout import Trouble, layout_for
from launcher.ending import listen_for_the_end
from launcher.supervisor import Service, Supervisor

where, net, *scripts = sys.argv[1:]
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if net == "watchdog":
    children.LIBC = None
layout = layout_for(Path(where))
layout.make()
listen_for_the_end()
nursery = children.Children()
supervisor = Supervisor(layout, nursery, say=lambda text: print(text, flush=True))
try:
    for number, script in enumerate(scripts):
        service = Service(f"service{number}", ["sh", "-c", script], serves_others=number == 0, grace=2)
        supervisor.start(service, within=5)
    print("up", *(running.process.pid for running in supervisor.running), flush=True)
    supervisor.watch()
except KeyboardInterrupt:
    supervisor.stop()
    print("stopped", flush=True)
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a launcher that supervises shell scripts."""
    with contextlib.ExitStack() as ends:

        def start(*scripts: str, net: str = "both") -> "subprocess.Popen[str]":
            command = [sys.executable, "-c", LAUNCHER, str(tmp_path), net, *scripts]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            ends.enter_context(process)
            ends.callback(process.kill)
            return process

        yield start


def line_of(process: "subprocess.Popen[str]") -> str:
    """The next line a launcher prints; one that prints nothing any more is killed, which makes the line
    empty."""
    assert process.stdout is not None
    patience = threading.Timer(20, process.kill)
    patience.start()
    line = process.stdout.readline().strip()
    patience.cancel()
    return line


def pids_of(process: "subprocess.Popen[str]") -> list[int]:
    """The processes of a launcher that has just started everything."""
    word, *pids = line_of(process).split()
    assert word == "up"
    return [int(pid) for pid in pids]


def number_in(path: Path) -> int:
    """The process number that a script writes to a file."""
    assert eventually(lambda: path.exists() and path.read_text().strip() != "")
    return int(path.read_text())


def eventually(holds: Callable[[], bool], *, within: float = 8.0) -> bool:
    deadline = time.monotonic() + within
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def with_grandchild(path: Path) -> str:
    """A script whose own child would live on if only the script were ended."""
    return f"sleep 300 & echo $! > {path}; wait"


@pytest.mark.parametrize("net", ["both", "watchdog"])
def test_kill_9_of_the_launcher_leaves_no_process(start: Start, tmp_path: Path, net: str) -> None:
    file = tmp_path / "grandchild"
    launcher = start(with_grandchild(file), "exec sleep 300", net=net)
    processes = [*pids_of(launcher), number_in(file)]
    assert all(is_running(pid) for pid in processes)
    launcher.kill()
    assert eventually(lambda: not any(is_running(pid) for pid in processes))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own net is Linux's")
def test_children_end_even_if_the_watchdog_is_killed_too(start: Start) -> None:
    launcher = start("exec sleep 300")
    processes = pids_of(launcher)
    watchdog = next(pid for pid in children_of(launcher.pid) if pid not in processes)
    os.kill(watchdog, signal.SIGKILL)
    launcher.kill()
    assert eventually(lambda: not any(is_running(pid) for pid in processes))


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end_the_launcher_stops_servers_last(start: Start, tmp_path: Path, number: int) -> None:
    order = tmp_path / "order"
    script = f"trap 'echo %s >> {order}; exit 0' TERM; while :; do sleep 0.05; done"
    launcher = start(script % "server", script % "program")
    processes = pids_of(launcher)
    time.sleep(0.2)
    launcher.send_signal(number)
    assert line_of(launcher) == "stopped"
    assert launcher.wait(5) == 0
    assert order.read_text().split() == ["program", "server"]
    assert not any(is_running(pid) for pid in processes)


def test_a_service_that_does_not_end_when_asked_is_killed(start: Start) -> None:
    launcher = start("trap '' TERM; while :; do sleep 0.1; done")
    processes = pids_of(launcher)
    time.sleep(0.2)
    launcher.terminate()
    assert line_of(launcher) == "stopped"
    assert not any(is_running(pid) for pid in processes)


def test_a_service_that_crashes_is_started_again_with_what_it_left_swept_away(
    start: Start, tmp_path: Path
) -> None:
    file = tmp_path / "grandchild"
    launcher = start(with_grandchild(file))
    (service,) = pids_of(launcher)
    orphan = number_in(file)
    file.unlink()
    os.kill(service, signal.SIGKILL)
    said = line_of(launcher)
    assert said == "service0 ended (SIGKILL); it starts again in 1 s. Its log is .portal/logs/service0.log."
    assert eventually(lambda: not is_running(orphan))
    assert number_in(file) != orphan


def test_pauses_between_restarts_grow_and_shrink_again() -> None:
    pauses = [0.5]
    for _ in range(8):
        pauses.append(next_pause(pauses[-1], lasted=0.1))
    assert pauses[1:] == [1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    assert next_pause(LONGEST_PAUSE, lasted=3600) == 1


@pytest.mark.parametrize(("code", "words"), [(3, "exit code 3"), (-9, "SIGKILL"), (-15, "SIGTERM")])
def test_an_exit_code_is_told_in_words(code: int, words: str) -> None:
    assert how_it_ended(code) == words


def test_a_large_log_is_moved_aside_under_the_program_that_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LARGEST_LOG", 10)
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as program:
        program.write(b"0123456789")
        keep_short(log)
        assert log.read_bytes() == b"0123456789"
        program.write(b"a")
        keep_short(log)
        program.write(b"b")
    assert (log.read_bytes(), (tmp_path / "web.log.1").read_bytes()) == (b"b", b"0123456789a")


def test_a_request_to_end_waits_behind_the_shield() -> None:
    done = []

    def ask_behind_the_shield() -> None:
        with shielded():
            interrupt(signal.SIGTERM, None)
            done.append("the whole block")

    with pytest.raises(KeyboardInterrupt):
        ask_behind_the_shield()
    assert done == ["the whole block"]
    with shielded():
        pass
