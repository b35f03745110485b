"""Fill an empty database with the demo company."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sla_portal.demo.mark import is_empty, is_loaded
from sla_portal.demo.story import tell_story

WIDTH = 30


class Command(BaseCommand):
    _shown = -1
    help = "Load the demo company into an empty database. Doing it again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if is_loaded():
            self.stdout.write("The demo company is there already.")
            return
        if not is_empty():
            raise CommandError(
                "This database has people, leads or agreements in it. The demo company needs an empty one."
            )
        tell_story(now=timezone.now(), progress=self._show)
        if options["verbosity"]:
            self.stdout.write(
                "\nThe demo company is loaded." if self._shown >= 0 else "The demo company is loaded."
            )

    def _show(self, share: float) -> None:
        """A bar that grows, where somebody looks."""
        if not self.stdout.isatty():
            return
        percent = int(share * 100)
        if percent != self._shown:
            self._shown = percent
            bar = "█" * (WIDTH * percent // 100)
            self.stdout.write(f"\r  {'demo':<10} {bar:░<{WIDTH}} {percent:3} %", ending="")
            self.stdout.flush()
