"""Runs inside the virtual environment: brings the database up to date and prints, as JSON, what is in it.

`empty`: nobody can log in yet. `logins`: the demo's, each as role, e-mail and password, if the demo is
loaded. What migrating says goes to standard error, which the launcher keeps in a log.
"""

import io
import json
import sys

import django
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import OperationalError


def main() -> int:
    """Migrate, look, print. A database that cannot be used is told in one line."""
    django.setup()
    try:
        call_command("migrate", interactive=False, stdout=sys.stderr)
    except OperationalError as error:
        print(str(error).strip().splitlines()[0], file=sys.stderr)
        return 1
    found = {"empty": not get_user_model()._default_manager.exists(), "logins": demo_logins()}
    print(json.dumps(found))
    return 0


def demo_logins() -> list[list[str]]:
    """The demo's logins: role, e-mail, password."""
    output = io.StringIO()
    call_command("demo_logins", stdout=output)
    return [line.split("\t") for line in output.getvalue().splitlines()]


if __name__ == "__main__":
    sys.exit(main())
