"""Create a person from a terminal or a script: the first administrator, for one."""

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from accounts.models import Team, User
from accounts.roles import Role
from accounts.services import Refused, create_user


class Command(BaseCommand):
    help = "Create somebody who may log in. Asks for the password unless it is given."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--team", help="the name of a team that exists")
        parser.add_argument("--time-zone", default="UTC", help="such as Europe/Berlin; UTC when left out")
        password = parser.add_mutually_exclusive_group()
        password.add_argument("--password", help="others on this machine may see it while the command runs")
        password.add_argument("--password-stdin", action="store_true", help="read it from standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        _check_email(options["email"])
        team = _team(options["team"])
        password = _password(options)
        _check_password(password, User(email=options["email"], name=options["name"]))
        try:
            user = create_user(
                email=options["email"],
                name=options["name"],
                role=Role(options["role"]),
                team=team,
                password=password,
                time_zone=options["time_zone"],
                now=timezone.now(),
                actor=None,
            )
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{user.name} logs in with {user.email} as {user.get_role_display()}.")


def _team(name: str | None) -> Team | None:
    if name is None:
        return None
    team = Team.objects.filter(name__iexact=name.strip()).first()
    if team is None:
        known = ", ".join(Team.objects.values_list("name", flat=True)) or "none yet"
        raise CommandError(f"There is no team called {name}. Teams: {known}.")
    return team


def _password(options: dict[str, Any]) -> str:
    if options["password"] is not None:
        return str(options["password"])
    if options["password_stdin"]:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise CommandError("Nobody is there to ask for a password: give --password-stdin or --password.")
    first, second = getpass("Password: "), getpass("Password again: ")
    if first != second:
        raise CommandError("The two passwords differ. Nobody was created.")
    return first


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise CommandError(f"{email} is no e-mail address.") from error


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
