"""People and teams for tests."""

from datetime import UTC, datetime

import factory

from accounts.models import ApiToken, Team, User
from accounts.roles import Role, Scope, Side
from accounts.services import create_api_token

PASSWORD = "correct horse battery"
LONG_AGO = datetime(2026, 1, 5, 9, tzinfo=UTC)


class TeamFactory(factory.django.DjangoModelFactory[Team]):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")
    side = Side.SALES


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A rep; the traits make the other roles: `UserFactory(admin=True)`. The password is PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        admin = factory.Trait(role=Role.ADMIN)
        marketing_manager = factory.Trait(role=Role.MARKETING_MANAGER)
        sales_manager = factory.Trait(role=Role.SALES_MANAGER)
        rep = factory.Trait(role=Role.REP)
        leadership = factory.Trait(role=Role.LEADERSHIP)

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    name = factory.Sequence(lambda n: f"Person {n}")
    role = Role.REP
    password = factory.django.Password(PASSWORD)
    time_zone = "Europe/Berlin"
    created_at = LONG_AGO


def plain_token(user: User, *scopes: Scope, now: datetime = LONG_AGO) -> tuple[ApiToken, str]:
    """A token of `user` and its plain text, with all scopes when none is named."""
    return create_api_token(user=user, name="test", scopes=scopes or list(Scope), now=now, actor=None)
