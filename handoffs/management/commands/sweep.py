"""One sweep as if at an instant, to see on a demo what time will do."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.dateparse import parse_datetime

from handoffs.services import sweep_deadlines


class Command(BaseCommand):
    help = "Act on every deadline whose instant has passed by --now. On a demo or test database only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--now",
            required=True,
            help="The instant, ISO 8601 with its zone: 2026-11-24T16:30:00Z, or 2026-11-24T17:30+01:00.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = _instant(options["now"])
        if not (settings.DEMO or _is_test_database()):
            raise CommandError(
                "This database holds real promises, and no sweep may say that it is another time there. "
                "Set DEMO=1 for a demo database."
            )
        acted = sweep_deadlines(now=now)
        self.stdout.write(f"Swept as of {now.isoformat()}: acted on {acted} deadline{'s' * (acted != 1)}.")


def _instant(text: str) -> datetime:
    try:
        now = parse_datetime(text)
    except ValueError:
        now = None
    if now is None or now.tzinfo is None:
        raise CommandError(f"“{text}” is no instant. Write for example 2026-11-24T16:30:00Z.")
    return now


def _is_test_database() -> bool:
    return str(connection.settings_dict["NAME"]).startswith("test_")
