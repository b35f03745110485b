"""How the launcher is asked to end: Ctrl-C, SIGTERM and a closed terminal all raise KeyboardInterrupt.

Raising in the middle of anything is dangerous: in the middle of `Popen.poll`, the process object would keep
its own lock for good, and waiting for it would never return. So code that handles processes runs behind a
shield.
"""

import contextlib
import signal
from collections.abc import Iterator


class Shield:
    """While `up`, a request to end is kept as `pending` instead of being raised."""

    up = False
    pending = False


def listen_for_the_end() -> None:
    """Let Ctrl-C, SIGTERM and a closed terminal end the launcher in order; one started under nohup stays."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


def interrupt(number: int, frame: object) -> None:
    """Treat a request to end like Ctrl-C."""
    if Shield.up:
        Shield.pending = True
    else:
        raise KeyboardInterrupt


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """Keep a request to end until this block is done. Raises KeyboardInterrupt then."""
    Shield.up = True
    try:
        yield
    finally:
        Shield.up = False
    if Shield.pending:
        Shield.pending = False
        raise KeyboardInterrupt
