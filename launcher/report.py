"""What the launcher shows while it works: one line per step, rewritten in place on a terminal."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

WIDTH = 60


@dataclass
class Report:
    """Prints to one stream. A silent one says only what went wrong."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    silent: bool = False

    def say(self, text: str = "") -> None:
        """Print a line of its own."""
        print(text, file=self.stream, flush=True)

    def note(self, text: str) -> None:
        """Print a sentence in the middle of a step."""
        if not self.silent:
            self.end_line()
            self.say(f"             {text}")

    def event(self, text: str) -> None:
        """Print something that happened, with the time of day."""
        self.say(f"{time.strftime('%H:%M:%S')}  {text}")

    @contextlib.contextmanager
    def step(self, name: str, text: str) -> Iterator[Callable[[str], None]]:
        """Show a step while it runs, and its duration when it is done. Yields a function that changes its
        text."""
        started, shown = time.monotonic(), text

        def change(new: str) -> None:
            nonlocal shown
            shown = new
            self.rewrite(name, shown)

        self.rewrite(name, shown)
        try:
            yield change
        except BaseException:
            self.end_line()
            raise
        if not self.silent:
            start = "\r" if self.stream.isatty() else ""
            self.say(f"{start}  {name:<10} {shown:<{WIDTH}.{WIDTH}} {time.monotonic() - started:6.1f} s")

    def rewrite(self, name: str, text: str) -> None:
        """Show the state of a step on the terminal's last line; elsewhere wait for its end."""
        if not self.silent and self.stream.isatty():
            print(
                f"\r  {name:<10} {text + ' …':<{WIDTH}.{WIDTH}}         ",
                end="",
                file=self.stream,
                flush=True,
            )

    def end_line(self) -> None:
        if not self.silent and self.stream.isatty():
            self.say()
