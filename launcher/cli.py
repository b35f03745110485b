"""The command line: reads the arguments, calls one verb, and turns trouble into one sentence."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from launcher import checks, relock, verbs
from launcher.layout import Trouble, is_full_disk
from launcher.report import Report

ROOT = Path(__file__).resolve().parent.parent
HELP = """\
usage: ./portal VERB

  up [--port 8000] [--no-demo] [--fresh]   run the portal: install, servers, database, demo, web, worker, beat
  test [ARGUMENTS]                         run every check and test; with arguments, pytest alone with them
  setup [--dev]                            only install
  manage COMMAND [ARGUMENTS]               run a management command with the servers running
  bench NAME [ARGUMENTS]                   run a benchmark with the servers running
  lock [--upgrade]                         write requirements/*.txt from pyproject.toml with uv

With DATABASE_URL or REDIS_URL set, that server is used instead of an embedded one. See docs/running.md.
"""


def main(arguments: Sequence[str]) -> int:
    """Run one verb and return the exit code."""
    try:
        return run(arguments)
    except Trouble as trouble:
        print(f"portal: {trouble}", file=sys.stderr)
    except OSError as error:
        if not is_full_disk(error):
            raise
        print("portal: The disk is full: free some space and start again.", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def run(arguments: Sequence[str]) -> int:
    """Run the verb that the arguments name; an unknown one shows the help."""
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if verb in VERBS:
        return VERBS[verb](rest)
    asked = verb in {"help", "--help", "-h"}
    if not asked:
        print(f"portal: There is no verb “{verb}”; there are these.", file=sys.stderr)
    print(HELP, end="", file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


def up(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./portal up", description="Run the portal until Ctrl-C.")
    parser.add_argument("--port", type=port_number, default=8000, help="the web server's port (8000)")
    parser.add_argument("--no-demo", action="store_true", help="do not load the demo into an empty database")
    parser.add_argument("--fresh", action="store_true", help="first delete the embedded servers' data")
    options = parser.parse_args(arguments)
    return verbs.up(ROOT, Report(), port=options.port, demo=not options.no_demo, fresh=options.fresh)


def setup(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./portal setup", description="Install the requirements.")
    parser.add_argument("--dev", action="store_true", help="and the tools of the tests")
    options = parser.parse_args(arguments)
    verbs.setup(ROOT, Report(), lock="dev" if options.dev else verbs.wanted_lock())
    return 0


def test(arguments: Sequence[str]) -> int:
    return checks.test(ROOT, Report(), arguments=arguments)


def manage(arguments: Sequence[str]) -> int:
    return verbs.manage(ROOT, quiet_report(), command=arguments)


def bench(arguments: Sequence[str]) -> int:
    return verbs.manage(ROOT, quiet_report(), command=["bench", *arguments], bench=True)


def lock(arguments: Sequence[str]) -> int:
    return relock.write(ROOT, options=arguments)


VERBS = {"up": up, "test": test, "setup": setup, "manage": manage, "bench": bench, "lock": lock}


def quiet_report() -> Report:
    """For verbs whose standard output belongs to the command they run."""
    return Report(sys.stderr, silent=True)


def port_number(text: str) -> int:
    """A TCP port from the command line."""
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port between 1 and 65535")
    return int(text)
