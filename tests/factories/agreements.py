"""Agreements, versions and signers for tests; a version gets into force only as it does in life."""

from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any

from accounts.models import User
from accounts.roles import Role
from agreements.models import Version
from agreements.services import activate_version, load_agreement
from agreements.services.documents import STARTER, read_source


@cache
def _starter() -> Any:
    return read_source(STARTER).data


def starter_content(**changes: Any) -> dict[str, Any]:
    """The starter agreement as plain data, with whole sections replaced."""
    return {**deepcopy(_starter()), **changes}


def signers(now: datetime) -> list[User]:
    """A manager of each side, the same ones each time."""
    people = {
        Role.MARKETING_MANAGER: ("mona.marketing@example.com", "Mona Marketing"),
        Role.SALES_MANAGER: ("sami.sales@example.com", "Sami Sales"),
    }
    return [
        User.objects.get_or_create(email=email, defaults={"name": name, "role": role, "created_at": now})[0]
        for role, (email, name) in people.items()
    ]


def active_version(content: dict[str, Any], *, now: datetime) -> Version:
    """Load a document and put it into force."""
    draft = load_agreement(source=content, now=now, actor=None)
    return activate_version(version=draft, signers=signers(now), now=now, actor=None)


def active_starter(*, now: datetime) -> Version:
    return active_version(starter_content(), now=now)
