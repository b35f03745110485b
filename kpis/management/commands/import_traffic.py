"""Take a file of visitors by day and source."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from kpis.services import TrafficFileError, import_traffic


class Command(BaseCommand):
    help = "Import a CSV file of visitors (day, source, visitors). The same file again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open("rb") as file:
                done = import_traffic(file=file, now=timezone.now(), actor=None)
        except (OSError, TrafficFileError) as error:
            raise CommandError(str(error)) from error
        for wrong in done.errors:
            self.stderr.write(f"line {wrong.line}, {wrong.column}: {wrong.reason}")
        self.stdout.write(
            f"{done.rows:,} rows: {done.created:,} created, {done.updated:,} updated, "
            f"{done.unchanged:,} unchanged, {len(done.errors):,} not taken."
        )
