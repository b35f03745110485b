"""`./portal test` runs every step and fails if any of them did; the command line fails in one sentence."""

import io
import sys

import pytest

from launcher import cli
from launcher.checks import Check, checks, run_all
from launcher.children import Children
from launcher.layout import Layout, Trouble
from launcher.report import Report
from launcher.stack import Stack
from launcher.supervisor import Supervisor

GOOD, BAD = "print('well')", "import sys; print('the fault'); sys.exit(3)"


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def stack(layout: Layout, output: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A launcher's hold on a checkout without servers; the test's process is not forked."""
    monkeypatch.setattr("launcher.children.Watchdog", Unwatched)
    children = Children()
    return Stack(layout, Report(output), children, Supervisor(layout, children, say=print))


class Unwatched:
    def add(self, ward: object) -> None: ...

    def forget(self, pid: int) -> None: ...


def step(name: str, code: str) -> Check:
    return Check(name, [sys.executable, "-c", code])


def test_every_step_runs_even_after_one_has_failed(stack: Stack, output: io.StringIO) -> None:
    assert run_all(stack, [step("first", BAD), step("second", GOOD)]) == 1
    lines = [line.split() for line in output.getvalue().splitlines()]
    assert ["FAILED", "first"] in [line[:2] for line in lines]
    assert ["ok", "second"] in [line[:2] for line in lines]


def test_all_steps_passing_is_a_pass(stack: Stack) -> None:
    assert run_all(stack, [step("first", GOOD), step("second", GOOD)]) == 0


def test_only_a_failing_step_shows_its_output(stack: Stack, output: io.StringIO) -> None:
    run_all(stack, [step("first", GOOD), step("second", BAD)])
    assert "the fault" in output.getvalue()
    assert "well" not in output.getvalue()


def test_the_deploy_check_sees_production_settings(layout: Layout) -> None:
    (deploy,) = [check for check in checks(layout) if check.name == "deploy check"]
    assert deploy.environment["INSECURE_HTTP"] == "0"
    assert deploy.environment["DEBUG"] == "0"
    assert len(deploy.environment["SECRET_KEY"]) > 50


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Trouble("The port is busy."), "portal: The port is busy.\n"),
        (
            OSError(28, "No space left on device"),
            "portal: The disk is full: free some space and start again.\n",
        ),
    ],
)
def test_trouble_is_one_sentence(
    error: Exception, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: object) -> int:
        raise error

    monkeypatch.setitem(cli.VERBS, "up", fail)
    assert cli.main(["up"]) == 1
    assert capsys.readouterr().err == sentence


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.up(["--port", port])
    assert "--port" in capsys.readouterr().err


def test_an_unknown_verb_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["start"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("portal: There is no verb “start”; there are these.\n")
    assert "./portal VERB" in said


def test_the_command_is_executable() -> None:
    assert (cli.ROOT / "portal").stat().st_mode & 0o111
