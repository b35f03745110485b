"""Reads that join people, teams and tokens."""

from datetime import datetime

from django.db.models import Count, Q, QuerySet
from knox.crypto import hash_token

from accounts.models import ApiToken, Team, User
from accounts.roles import Capability


def find_token(plain: str) -> ApiToken | None:
    """The token with this plain text, with its user, in one query by the digest; None when there is none."""
    return ApiToken.objects.select_related("user").filter(digest=hash_token(plain)).first()


def people(
    *, text: str = "", role: str = "", team_id: int | None = None, active: bool = True
) -> QuerySet[User]:
    """People with their teams, by name; `text` is looked for in names and addresses."""
    found = User.objects.select_related("team").filter(is_active=active)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(email__icontains=text))
    if role:
        found = found.filter(role=role)
    if team_id is not None:
        found = found.filter(team=team_id)
    return found


def teams() -> QuerySet[Team]:
    """Teams with their manager and `people`, the number of members who may log in."""
    active = Count("members", filter=Q(members__is_active=True))
    return Team.objects.select_related("manager").annotate(people=active).order_by("side", "name")


def possible_managers(team: Team | None = None) -> QuerySet[User]:
    """Who may manage a team: active managers and administrators, and whoever manages it now."""
    able = User.objects.able_to(Capability.EDIT_AGREEMENT)
    if team is None or team.manager_id is None:
        return able
    return able | User.objects.filter(pk=team.manager_id)


def tokens(*, now: datetime, usable: bool = True) -> QuerySet[ApiToken]:
    """Tokens with whom they act for, newest first; with `usable=False` those that work no more."""
    everyone = ApiToken.objects.select_related("user", "created_by")
    at_work = everyone.usable(now=now).filter(user__is_active=True)
    return at_work if usable else everyone.exclude(pk__in=at_work.values("pk"))
