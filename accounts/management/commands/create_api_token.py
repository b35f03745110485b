"""Make an API token from a terminal or a script."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from accounts.roles import Scope
from accounts.rules import normal_email
from accounts.services import ExpiryRefused, TokenRefused, create_api_token


class Command(BaseCommand):
    help = "Make an API token; the last line of the output is the token alone. It is kept nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="EMAIL", help="whom the token acts for")
        parser.add_argument("--name", default="made on the command line", help="the system that will use it")
        parser.add_argument(
            "--scopes",
            nargs="+",
            default=list(Scope.values),
            metavar="SCOPE",
            help=f"what it may do: {', '.join(Scope.values)}; all of them when left out",
        )
        parser.add_argument("--days", type=int, help="how many days it works; without end when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        days = options["days"]
        scopes = [scope for given in options["scopes"] for scope in given.split(",") if scope]
        try:
            token, plain = create_api_token(
                user=_person(options["user"]),
                name=options["name"],
                scopes=scopes,
                now=now,
                actor=None,
                expires_at=None if days is None else _days_after(now, days),
            )
        except ExpiryRefused as refusal:
            raise CommandError(f"{refusal} Leave --days out for one without end.") from refusal
        except TokenRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{token.name} for {token.user.email}: {', '.join(token.scopes)}")
        self.stdout.write(plain)


def _days_after(now: datetime, days: int) -> datetime:
    """Or the calendar's end (or beginning) where it has no such day; the service refuses either."""
    try:
        return now + timedelta(days=days)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if days > 0 else datetime.min.replace(tzinfo=UTC)


def _person(email: str) -> User:
    person = User.objects.filter(email=normal_email(email)).first()
    if person is None:
        raise CommandError(f"Nobody logs in with {email}. Create them first, with create_user.")
    return person
