"""Say how to log in to the demo company."""

from typing import Any

from django.core.management.base import BaseCommand

from sla_portal.demo.mark import is_loaded
from sla_portal.demo.story import logins


class Command(BaseCommand):
    help = "Print role, e-mail and password of one person per role, if the demo company is loaded."

    def handle(self, *args: Any, **options: Any) -> None:
        if is_loaded():
            for login in logins():
                self.stdout.write("\t".join(login))
