"""Runs inside the virtual environment: brings the database up to date and prints, as JSON, what is in it.

`empty`: no people, leads or agreements, so that the demo may be loaded. `people`: somebody can log in.
`logins`: the demo's, each as role, e-mail and password, if it is loaded. What migrating says goes to
standard error, which the launcher keeps in a log.
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
    print(json.dumps(look()))
    return 0


def look() -> dict[str, object]:
    """What is in the database."""
    from sla_portal.demo.mark import is_empty  # models can be imported once Django is set up

    people = get_user_model()._default_manager.exists()
    return {"empty": is_empty(), "people": people, "logins": demo_logins()}


def demo_logins() -> list[list[str]]:
    """The demo's logins: role, e-mail, password."""
    output = io.StringIO()
    call_command("demo_logins", stdout=output)
    return [line.split("\t") for line in output.getvalue().splitlines()]


if __name__ == "__main__":
    sys.exit(main())
