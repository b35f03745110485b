"""What is in force when a scope is looked at: the agreement's version, its calendar, the pace."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from agreements.business_time import Schedule
from agreements.models import Agreement, Version, VersionState
from agreements.selectors import current_revision
from kpis.rules import Pace, pace_of
from kpis.scopes import Scope, midnight


@dataclass(frozen=True)
class Standing:
    """The version by which a scope is judged, and the opening hours it is paced by."""

    version: Version
    schedule: Schedule
    at: datetime
    """The instant of judgement: now, or the end of a scope that is over."""
    is_only: bool
    """Whether there is no other agreement."""
    since: datetime
    """When the agreement first came into force, in whatever version."""

    @property
    def currency(self) -> str:
        return self.version.agreement.currency

    def holds_for(self, scope: Scope) -> bool:
        """Whether the scope has the very leads of which the agreement promises: all of its own, and no others."""
        return not scope.is_narrowed and (self.is_only or scope.agreement_id is not None)

    def covered(self, scope: Scope) -> Scope:
        """The days of a scope on which something was promised: none from before the agreement, unless all that passed
        without it was a weekend.
        """
        first = self.since.astimezone(scope.zone).date()
        missed = self.schedule.elapsed(scope.start, max(scope.start, midnight(first, scope.zone)))
        return scope.between(min(first, scope.ends_on), scope.ends_on) if missed else scope

    def pace(self, scope: Scope) -> Pace:
        return pace_of(self.schedule, scope.zone, scope.days, self.at)


def standing(scope: Scope, now: datetime) -> Standing | None:
    """The version that was in force when the scope ended, or is now; None where none was.

    Without an agreement in the scope it is the default one's.
    """
    at = min(now, scope.end)
    others = Exists(Agreement.objects.exclude(pk=OuterRef("agreement")))
    stood = _versions(scope).filter(activated_at__lt=at).exclude(ended_at__lt=at)
    first = _versions(scope).filter(agreement=OuterRef("agreement")).order_by("activated_at")
    since = Subquery(first.values("activated_at")[:1])
    version = stood.annotate(has_others=others, since=since).first()
    if version is None:
        return None
    schedule = current_revision(version.agreement.calendar_id).schedule
    return Standing(version, schedule, at, is_only=not version.has_others, since=version.since)


def _versions(scope: Scope) -> QuerySet[Version]:
    which = Q(agreement__is_default=True) if scope.agreement_id is None else Q(agreement=scope.agreement_id)
    stood = (VersionState.ACTIVE, VersionState.SUPERSEDED)
    found = Version.objects.filter(which, state__in=stood, activated_at__isnull=False)
    return found.select_related("agreement").order_by("-activated_at", "-number")


def zone_of(agreement: Agreement | None) -> ZoneInfo:
    """The zone of an agreement's calendar; UTC without one."""
    return ZoneInfo(current_revision(agreement.calendar_id).zone if agreement else "UTC")
