"""People, the teams they work in, and the tokens that machines call with."""

from typing import TYPE_CHECKING

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from accounts.roles import CAPABILITIES, Capability, Role, Side, side_of
from accounts.rules import normal_email

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """People type their address in any case."""
        return self.get(email=normal_email(username or ""))


@pghistory.track()
class Team(models.Model):
    """People of one side who work together, with the manager their breaches escalate to."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    side = models.CharField(_("side"), max_length=10, choices=Side)
    manager = models.ForeignKey(
        "User",
        verbose_name=_("manager"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="managed_teams",
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return self.name


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> "UserQuerySet":
        return self.filter(is_active=True)

    def able_to(self, capability: Capability) -> "UserQuerySet":
        roles = [role for role, capabilities in CAPABILITIES.items() if capability in capabilities]
        return self.active().filter(role__in=roles)


@pghistory.track(exclude=["password", "last_login", "sessions_ended_at"])
class User(AbstractBaseUser):
    """Somebody who logs in by e-mail. What a person may do follows from the role (`accounts.roles`)."""

    email = models.EmailField(_("e-mail"), unique=True, help_text=_("Lower case; people log in with it."))
    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.REP)
    team = models.ForeignKey(
        Team, verbose_name=_("team"), null=True, blank=True, on_delete=models.SET_NULL, related_name="members"
    )
    is_active = models.BooleanField(_("may log in"), default=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=10, default="en")
    urgent_by_email = models.BooleanField(_("urgent notices by e-mail"), default=True, db_default=True)
    created_at = models.DateTimeField(_("created at"))
    sessions_ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager.from_queryset(UserQuerySet)()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=models.functions.Lower("email")), name="user_email_lower_case"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def side(self) -> Side | None:
        """The side of the agreement this person answers for; none for administrators and leadership."""
        return side_of(Role(self.role))

    def get_session_auth_hash(self) -> str:
        """A session lives while this stays the same: till the password changes or sessions are ended."""
        return f"{super().get_session_auth_hash()}{self._sessions_mark()}"

    def get_session_auth_fallback_hash(self) -> "Iterator[str]":
        for fallback in super().get_session_auth_fallback_hash():
            yield f"{fallback}{self._sessions_mark()}"

    def _sessions_mark(self) -> str:
        return f"-{self.sessions_ended_at.timestamp()}" if self.sessions_ended_at else ""

    def can(self, capability: Capability) -> bool:
        return self.is_active and capability in CAPABILITIES[Role(self.role)]

    @property
    def is_staff(self) -> bool:
        return self.can(Capability.ADMINISTER)

    # Django's admin asks these three; administrators may do everything there, nobody else anything.
    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_staff

    def has_perms(self, perm_list: "Iterable[str]", obj: object = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, *, now: "datetime") -> "ApiTokenQuerySet":
        """Those a client may still call with, whoever's they are."""
        return self.filter(models.Q(expiry=None) | models.Q(expiry__gt=now), revoked_at=None)


class ApiToken(AbstractAuthToken):
    """A token a REST client sends as `Authorization: Token …`; only its digest is kept.

    It may do what its user may, narrowed to its scopes (`accounts.roles.Scope`). It is made by
    `accounts.services.create_api_token` alone.
    """

    created = models.DateTimeField(_("created at"))
    name = models.CharField(_("name"), max_length=80, default="", blank=True)
    scopes = models.JSONField(_("scopes"), default=list)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()  # type: ignore[misc, assignment]  # knox's reads the clock

    class Meta:
        ordering = ["-created"]
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return self.name or self.token_key

    @property
    def expires_on(self) -> "date | None":
        """The day it ends where the reader is. The calendar has none after 9999-12-31, which an old token may have
        for “never”: that one is the same day everywhere.
        """
        if self.expiry is None:
            return None
        try:
            return timezone.localdate(self.expiry)
        except OverflowError:
            return self.expiry.date()

    def is_usable(self, *, now: "datetime") -> bool:
        return self.revoked_at is None and (self.expiry is None or self.expiry > now)
