"""Measurements beside a reference in the same run."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sla_portal import bench


class Command(BaseCommand):
    help = "Run one of the benchmarks; each prints ours beside a reference. Their docstrings say what they measure."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=f"one of: {', '.join(_names())}")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        if name not in _names():
            raise CommandError(f"There is no benchmark “{name}”. There are: {', '.join(_names())}.")
        import_module(f"{bench.__name__}.{name}").run(self.stdout)


def _names() -> list[str]:
    return sorted(module.name for module in iter_modules(bench.__path__))
