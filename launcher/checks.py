"""`./portal test`: every check of the project, one after the other, on servers of its own."""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher.install import Environment
from launcher.layout import Layout, Trouble, layout_for
from launcher.lock import Taken
from launcher.programs import module
from launcher.report import Report
from launcher.stack import Stack, hold

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PRODUCTION = {"DEBUG": "0", "INSECURE_HTTP": "0", "DEMO": "0", "ALLOWED_HOSTS": "portal.example.com"}
SIDE_BY_SIDE = ("--numprocesses", "2", "--dist", "loadfile")
FOR_PYTEST = {"DJANGO_SETTINGS_MODULE": "tests.settings"}


@dataclass(frozen=True)
class Check:
    """One step of the tests. A quiet one shows its output only if it fails."""

    name: str
    command: Sequence[str | Path]
    quiet: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)


def checks(layout: Layout) -> list[Check]:
    """Every check, cheapest first."""

    def tool(name: str, *arguments: str) -> list[str | Path]:
        return module(layout, name, *arguments)

    python = layout.python
    production = PRODUCTION | {"SECRET_KEY": secrets.token_urlsafe(60)}
    return [
        Check("ruff check", tool("ruff", "check", ".")),
        Check("ruff format", tool("ruff", "format", "--check", ".")),
        Check("djlint", tool("djlint", "templates", "--lint", "--quiet")),
        Check(
            "import contracts",
            [python, "-c", "from importlinter.cli import lint_imports_command as main; main()"],
        ),
        Check("mypy", tool("mypy", ".")),
        Check("migrations", [python, "manage.py", "makemigrations", "--check", "--dry-run"]),
        Check(
            "deploy check",
            [python, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
            environment=production,
        ),
        Check("pytest", tool("pytest", *SIDE_BY_SIDE), quiet=False, environment=FOR_PYTEST),
    ]


def test(root: Path, report: Report, *, arguments: Sequence[str]) -> int:
    """Run every check, or, with arguments, pytest alone with them. Return 0 if all passed, else 1 (pytest's
    own exit code if it ran alone)."""
    layout = layout_for(root, tests=True)
    try:
        with hold(layout, report, verb="test") as stack:
            with report.step("install", "checking") as change:
                Environment(layout_for(root)).ensure("dev", progress=change)
                change("the requirements and the development tools are installed")
            with report.step("browser", "checking") as change:
                change(browser(layout, report))
            stack.start_servers(careless=True)
            if arguments:
                return run_pytest(stack, arguments)
            return run_all(stack, checks(layout))
    except Taken as taken:
        who = f" (process {taken.holder.pid})" if taken.holder else ""
        raise Trouble(
            f"Another ./portal test{who} is running in this checkout: wait until it is done."
        ) from taken
    except KeyboardInterrupt:
        return 130


def run_pytest(stack: Stack, arguments: Sequence[str]) -> int:
    """Run pytest alone, with the terminal, and return its exit code."""
    return stack.children.run(
        module(stack.layout, "pytest", *arguments),
        environment=stack.environment | FOR_PYTEST,
        directory=stack.layout.root,
    )


def run_all(stack: Stack, steps: Sequence[Check]) -> int:
    """Run every step even after one has failed, then print a line for each."""
    results = [(step, *timed(stack, step)) for step in steps]
    stack.report.say()
    for step, code, seconds in results:
        stack.report.say(f"  {'ok' if code == 0 else 'FAILED':<8} {step.name:<20} {seconds:6.1f} s")
    return 1 if any(code for _, code, _ in results) else 0


def timed(stack: Stack, step: Check) -> tuple[int, float]:
    """Run one step; return its exit code and the seconds it took."""
    started = time.monotonic()
    stack.report.say(f"\n--- {step.name}")
    environment = stack.environment | dict(step.environment)
    if step.quiet:
        code = run_quietly(stack, step, environment)
    else:
        code = stack.children.run(step.command, environment=environment, directory=stack.layout.root)
    return code, time.monotonic() - started


def run_quietly(stack: Stack, step: Check, environment: Mapping[str, str]) -> int:
    """Run a step and show its output only if it fails."""
    path = stack.layout.logs / f"{step.name.replace(' ', '-')}.log"
    with path.open("wb") as output:
        done = stack.children.collect(
            step.command, environment=environment, directory=stack.layout.root, errors=output
        )
    code = done.returncode
    stack.report.say("ok" if code == 0 else f"{done.stdout}{path.read_text(errors='replace')}".rstrip())
    return code


def browser(layout: Layout, report: Report) -> str:
    """Make sure that the browser tests have a browser: install Debian's where that is allowed, else say
    how."""
    found = find_browser()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        install_chromium(layout)
        found = find_browser()
    if found is None:
        report.note(
            "There is no Chromium, so the browser tests fail: install it (Debian: apt-get install chromium)."
        )
        return "no Chromium"
    return f"the browser is {found}"


def find_browser() -> str | None:
    """The first Chromium or Chrome on the path."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def install_chromium(layout: Layout) -> None:
    """Install Debian's Chromium, with apt's output in a log."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with (layout.logs / "apt.log").open("wb") as log:
        for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(
                ["apt-get", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                check=False,
            )
