"""`load_agreement starter --marketing EMAIL --sales EMAIL`: draft a version from a document, and sign it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from agreements.models import Version
from agreements.services import DocumentInvalid, VersionRefused, activate_version, load_agreement
from agreements.services.documents import STARTER


class Command(BaseCommand):
    help = "Draft a version of an agreement from a file; with a signer of each side, put it into force."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", help="A YAML file, or “starter” for the agreement that comes with the portal."
        )
        parser.add_argument("--marketing", metavar="EMAIL", help="The marketing manager who signs.")
        parser.add_argument("--sales", metavar="EMAIL", help="The sales manager who signs.")

    def handle(self, *, file: str, marketing: str | None, sales: str | None, **options: Any) -> None:
        signers = [_person(email) for email in (marketing, sales) if email]
        try:
            version = _load(STARTER if file == "starter" else Path(file), signers)
        except (DocumentInvalid, VersionRefused) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        self.stdout.write(f"{version}: {version.get_state_display().lower()}")


@transaction.atomic
def _load(source: Path, signers: list[User]) -> Version:
    now = timezone.now()
    version = load_agreement(source=source, now=now, actor=None)
    if not signers or not (version.is_draft or (version.proposed_at and not version.activated_at)):
        return version
    return activate_version(version=version, signers=signers, now=now, actor=None)


def _person(email: str) -> User:
    person = User.objects.active().filter(email=email.lower()).first()
    if person is None:
        raise CommandError(f"Nobody logs in as {email}.")
    return person
