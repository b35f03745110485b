"""One launcher per checkout, and what it tells the others."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import lock
from launcher.layout import Layout
from launcher.lock import State, Taken
from launcher.verbs import who_holds

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from launcher import lock
from launcher.layout import layout_for
lock.take(layout_for(Path(sys.argv[1])), verb="up")
print("taken", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(layout: Layout) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock of the checkout."""
    command = [sys.executable, "-c", HOLDER, str(layout.root)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        yield process
        process.kill()


def test_the_second_launcher_is_told_who_holds_the_checkout(
    layout: Layout, holder: "subprocess.Popen[str]"
) -> None:
    with pytest.raises(Taken) as taken:
        lock.take(layout, verb="up")
    assert taken.value.holder == State(pid=holder.pid, verb="up")


def test_the_lock_of_a_killed_launcher_is_free(layout: Layout, holder: "subprocess.Popen[str]") -> None:
    holder.kill()
    holder.wait()
    os.close(lock.take(layout, verb="up"))
    assert State.read(layout) == State(pid=os.getpid(), verb="up")


def test_the_lock_stays_while_the_watchdog_of_a_dead_launcher_works(
    layout: Layout, holder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "GRACE_FOR_A_DEAD_HOLDER", 0.3)
    gone = subprocess.run(["true"], check=True)
    assert gone.returncode == 0
    State(pid=2**22 - 1, verb="up").write(layout)
    with pytest.raises(Taken) as taken:
        lock.take(layout, verb="up")
    assert taken.value.holder is not None
    assert not taken.value.holder.alive


def test_the_state_is_readable_by_its_owner_only(layout: Layout) -> None:
    State(1, "up", urls={"DATABASE_URL": "postgres://me:secret@db/portal"}).write(layout)
    assert layout.state.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "verb": "up", "new": 1}'])
def test_a_state_that_makes_no_sense_is_no_state(layout: Layout, text: str) -> None:
    layout.state.write_text(text)
    assert State.read(layout) is None


@pytest.mark.parametrize(
    ("holder_state", "words"),
    [
        (State(7, "up", "http://localhost:8000/", ready=True), "already runs at http://localhost:8000/"),
        (State(7, "up"), "is starting in this checkout"),
        (State(7, "manage migrate"), "./portal manage migrate (process 7)"),
        (None, "Another ./portal"),
    ],
)
def test_a_taken_checkout_is_told_in_one_sentence(holder_state: State | None, words: str) -> None:
    sentence = who_holds(holder_state)
    assert words in sentence
    assert "\n" not in sentence
