"""Every change to people, teams and tokens."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from knox.models import get_digest_token
from knox.settings import CONSTANTS

from accounts.models import ApiToken, Team, User
from accounts.roles import Role, Scope, Side
from accounts.rules import normal_email, time_zones
from accounts.signals import role_changed, user_deactivated

USE_NOTED_EVERY = timedelta(minutes=1)
LONGEST_TOKEN = timedelta(days=3653)
"""Ten years. Who means "for ever" and says the last day of the calendar names one that is out of it in another zone."""


class Refused(Exception):
    """An act that the rules forbid; `str()` says why in the words of the person who tried."""


class EmailTaken(Refused):
    pass


class LastAdmin(Refused):
    pass


class UnknownTimeZone(Refused):
    pass


class TeamNameTaken(Refused):
    pass


class TeamInUse(Refused):
    pass


class TokenRefused(Refused):
    pass


class ExpiryRefused(TokenRefused):
    pass


@transaction.atomic
def create_user(
    *,
    email: str,
    name: str,
    role: Role,
    now: datetime,
    actor: User | None,
    team: Team | None = None,
    password: str | None = None,
    time_zone: str = "UTC",
    language: str = "en",
) -> User:
    """Create a person who may log in; without a password, once they have set one (`password_link`).

    The caller has validated the password. Raises EmailTaken, UnknownTimeZone.
    """
    user = User(
        email=normal_email(email),
        name=name.strip(),
        role=role,
        team=team,
        time_zone=_known(time_zone),
        language=language,
        created_at=now,
    )
    user.set_password(password)
    _save_person(user)
    return user


@transaction.atomic
def update_user(
    *, user: User, email: str, name: str, role: Role, team: Team | None, now: datetime, actor: User | None
) -> User:
    """Change who somebody is and what they may do; sends `role_changed` where that changes.

    Raises EmailTaken, and LastAdmin when nobody would be left to administer.
    """
    if role != Role.ADMIN:
        _keep_an_admin_besides(user)
    had = User.objects.filter(pk=user.pk).values_list("role", flat=True).get()
    user.email, user.name, user.role, user.team = normal_email(email), name.strip(), role, team
    _save_person(user, fields=("email", "name", "role", "team"))
    if had != role:
        role_changed.send(User, user_ids=[user.pk], now=now, actor=actor)
    return user


def update_profile(
    *, user: User, name: str, time_zone: str, language: str, urgent_by_email: bool | None = None
) -> User:
    """Change how the portal addresses its reader, and whether by e-mail too. Raises UnknownTimeZone."""
    user.name, user.time_zone, user.language = name.strip(), _known(time_zone), language
    if urgent_by_email is not None:
        user.urgent_by_email = urgent_by_email
    user.save(update_fields=["name", "time_zone", "language", "urgent_by_email"])
    return user


@transaction.atomic
def deactivate_user(*, user: User, now: datetime, actor: User | None) -> None:
    """Let somebody log in no more; ends their sessions and revokes their tokens for good, and sends
    `user_deactivated`. Deactivating twice changes nothing. Raises LastAdmin."""
    _keep_an_admin_besides(user)
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False, sessions_ended_at=now):
        return
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
    user.refresh_from_db()
    user_deactivated.send(User, user_ids=[user.pk], now=now, actor=actor)


def reactivate_user(*, user: User, now: datetime, actor: User | None) -> None:
    """Let somebody log in again, with the password they had. Sessions and tokens of before stay ended."""
    user.is_active = True
    user.save(update_fields=["is_active"])


def end_sessions(*, user: User, now: datetime) -> None:
    """Log somebody out everywhere. The caller keeps the session at hand by `update_session_auth_hash`."""
    user.sessions_ended_at = now
    user.save(update_fields=["sessions_ended_at"])


def password_link(user: User) -> str:
    """The address, without host, where somebody sets a password. It works once, till the next log-in, for
    PASSWORD_RESET_TIMEOUT seconds."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("password_set", args=[uid, default_token_generator.make_token(user)])


def create_team(*, name: str, side: Side, manager: User | None, now: datetime, actor: User | None) -> Team:
    """Raises TeamNameTaken."""
    return _save_team(Team(name=name.strip(), side=side, manager=manager))


def update_team(
    *, team: Team, name: str, side: Side, manager: User | None, now: datetime, actor: User | None
) -> Team:
    """Raises TeamNameTaken."""
    team.name, team.side, team.manager = name.strip(), side, manager
    return _save_team(team)


@transaction.atomic
def delete_team(*, team: Team, now: datetime, actor: User | None) -> None:
    """Delete a team that nobody is in and no recorded breach names. Raises TeamInUse."""
    locked = Team.objects.select_for_update().get(pk=team.pk)
    if people := locked.members.count():
        raise TeamInUse(
            ngettext(
                "%(count)d person is in this team. Move them to another team first.",
                "%(count)d people are in this team. Move them to another team first.",
                people,
            )
            % {"count": people}
        )
    try:
        locked.delete()
    except ProtectedError as error:
        count = len(error.protected_objects)
        raise TeamInUse(
            ngettext(
                "%(count)d record names this team, and records are kept. Rename the team instead.",
                "%(count)d records name this team, and records are kept. Rename the team instead.",
                count,
            )
            % {"count": count}
        ) from error


def create_api_token(
    *,
    user: User,
    name: str,
    scopes: Iterable[str],
    now: datetime,
    actor: User | None,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Create a token and return it with its plain text, which is kept nowhere and cannot be shown again.

    Raises TokenRefused for somebody who may not log in and for no scope or an unknown one, and ExpiryRefused for an
    expiry in the past or more than ten years ahead.
    """
    chosen = sorted(set(scopes))
    _check_token(user, chosen, expires_at, now)
    digest, plain = get_digest_token()  # type: ignore[no-untyped-call]
    token = ApiToken(
        digest=digest,
        token_key=plain[: CONSTANTS.TOKEN_KEY_LENGTH],
        user=user,
        name=name.strip(),
        scopes=chosen,
        created=now,
        created_by=actor,
        expiry=expires_at,
    )
    token.save(force_insert=True)
    return token, plain


def revoke_api_token(*, token: ApiToken, now: datetime, actor: User | None) -> None:
    """Make a token useless from now on. Revoking twice keeps the first instant."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
    token.refresh_from_db()


def note_token_use(*, token: ApiToken, now: datetime) -> None:
    """Remember that a client called; writes at most once a minute and token."""
    if token.last_used_at is not None and token.last_used_at > now - USE_NOTED_EVERY:
        return
    seen = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
    ApiToken.objects.filter(seen, pk=token.pk).update(last_used_at=now)


def _check_token(user: User, scopes: list[str], expires_at: datetime | None, now: datetime) -> None:
    unknown = [scope for scope in scopes if scope not in Scope.values]
    if not user.is_active:
        raise TokenRefused(_("%(name)s may not log in, so no token can act for them.") % {"name": user})
    if not scopes:
        raise TokenRefused(_("Choose at least one thing the token may do."))
    if unknown:
        raise TokenRefused(
            _("There is no scope %(unknown)s. The scopes are %(known)s.")
            % {"unknown": ", ".join(unknown), "known": ", ".join(Scope.values)}
        )
    if expires_at is not None:
        _check_expiry(expires_at, now)


def _check_expiry(expires_at: datetime, now: datetime) -> None:
    if expires_at <= now:
        raise ExpiryRefused(_("A token cannot expire in the past."))
    if expires_at > now + LONGEST_TOKEN:
        raise ExpiryRefused(
            _("A token expires within ten years, or not at all: leave the last day empty for that.")
        )


def _keep_an_admin_besides(user: User) -> None:
    """Raise LastAdmin if no other active administrator would remain.

    Locks them all, so that two who remove each other take turns and the second is refused.
    """
    admins = User.objects.active().filter(role=Role.ADMIN).order_by("pk").select_for_update()
    if set(admins.values_list("pk", flat=True)) == {user.pk}:
        raise LastAdmin(
            _("%(name)s is the last administrator. Make somebody else an administrator first.")
            % {"name": user}
        )


def _save_person(user: User, fields: Iterable[str] | None = None) -> None:
    try:
        with transaction.atomic():
            user.save(update_fields=fields)
    except IntegrityError as error:
        if not User.objects.filter(email=user.email).exclude(pk=user.pk).exists():
            raise
        raise EmailTaken(_("Somebody already logs in with %(email)s.") % {"email": user.email}) from error


def _save_team(team: Team) -> Team:
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError as error:
        if not Team.objects.filter(name=team.name).exclude(pk=team.pk).exists():
            raise
        raise TeamNameTaken(_("There is already a team called %(name)s.") % {"name": team.name}) from error
    return team


def _known(time_zone: str) -> str:
    if time_zone not in time_zones():
        raise UnknownTimeZone(_("There is no time zone called %(name)s.") % {"name": time_zone})
    return time_zone
