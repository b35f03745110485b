"""A sales team, and handoffs as the services make them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Team, User
from accounts.roles import Role, Side
from agreements.models import Version
from handoffs.models import Breach, Deadline, Handoff, Pool, PoolMember
from handoffs.services import (
    accept_handoff,
    hand_off_by_hand,
    hand_over_scored,
    log_attempt,
    set_member,
    sweep_deadlines,
    waive_breach,
)
from leads.models import Activity, Lead
from leads.services import Move, advance_stages
from leads.stages import Stage
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.leads import ActivityFactory, LeadFactory


@dataclass(frozen=True)
class SalesTeam:
    """Pool `inbound` of three reps, weights 2, 1, 1 and room for 30 each; the manager leads pool and team."""

    pool: Pool
    team: Team
    manager: User
    marketing: User
    mia: User
    omar: User
    lena: User

    @property
    def reps(self) -> list[User]:
        return [self.mia, self.omar, self.lena]

    def member(self, user: User) -> PoolMember:
        return PoolMember.objects.get(pool=self.pool, user=user)

    def only(self, *users: User, now: datetime, capacity: int = 30) -> None:
        """Let only these take turns."""
        for user in self.reps:
            set_member(
                pool_id=self.pool.pk,
                user_id=user.pk,
                is_active=user in users,
                capacity=capacity,
                now=now,
                actor=None,
            )


def make_sales_team() -> SalesTeam:
    manager = UserFactory(sales_manager=True, name="Sara Sales", email="sara@example.com")
    marketing = UserFactory(marketing_manager=True, name="Max Marketing", email="max@example.com")
    team = TeamFactory(name="Inside sales", side=Side.SALES, manager=manager)
    mia, omar, lena = (
        UserFactory(name=name, email=f"{name.lower()}@example.com", role=Role.REP, team=team)
        for name in ("Mia", "Omar", "Lena")
    )
    pool = Pool.objects.create(slug="inbound", name="Inbound", manager=manager)
    for user, weight in ((mia, 2), (omar, 1), (lena, 1)):
        PoolMember.objects.create(pool=pool, user=user, weight=weight)
    return SalesTeam(pool, team, manager, marketing, mia, omar, lena)


def lead_of(version: Version, **fields: Any) -> Lead:
    """A complete lead under a version's agreement, that any trigger may hand over."""
    return LeadFactory(agreement=version.agreement, **{"phone": "+49 30 1234", **fields})


def convert(lead: Lead, at: datetime, type: str = "demo_request", **fields: Any) -> Activity:
    return ActivityFactory(lead=lead, type=type, occurred_at=at, **fields)


def hand_over(*activities: Activity, now: datetime) -> list[Handoff]:
    """What ingesting these activities hands over, by lead."""
    ids = hand_over_scored(
        activity_ids=[each.pk for each in activities], qualified_ids=[], now=now, actor=None
    )
    return list(Handoff.objects.filter(pk__in=ids).order_by("lead"))


def qualify_by_score(*leads: Lead, now: datetime) -> list[Handoff]:
    """Leads become MQLs by score, and what that hands over, by lead."""
    for lead in leads:
        advance_to(lead, Stage.MQL, now=now)
    ids = hand_over_scored(activity_ids=[], qualified_ids=[lead.pk for lead in leads], now=now, actor=None)
    return list(Handoff.objects.filter(pk__in=ids).order_by("lead"))


def advance_to(lead: Lead, stage: Stage, *, now: datetime) -> None:
    move = Move(lead.pk, stage, None, "")
    advance_stages([move], now=now, actor=None, source="rule")
    lead.refresh_from_db()


def urgent_handoff(version: Version, now: datetime, **fields: Any) -> Handoff:
    """A demo request, handed over now: accept within 1 business hour, attempt within 2."""
    [handoff] = hand_over(convert(lead_of(version, **fields), now), now=now)
    return handoff


def manual_handoff(version: Version, now: datetime, actor: User, to: User | None = None) -> Handoff:
    """Handed over by hand: accept within 4 business hours, attempt within 1 business day."""
    lead = lead_of(version)
    return hand_off_by_hand(
        lead_id=lead.pk, note="Met at the fair", to_user_id=to.pk if to else None, now=now, actor=actor
    )


def excused_handoff(version: Version, team: SalesTeam, now: datetime) -> tuple[Handoff, datetime]:
    """Mia called once, missed her next attempt, and the manager waived that: the handoff, and when."""
    handoff = manual_handoff(version, now, team.manager, team.mia)
    accept_handoff(handoff_id=handoff.pk, now=now, actor=team.mia)
    log_attempt(handoff_id=handoff.pk, channel="phone", outcome="no_answer", now=now, actor=team.mia)
    late = clock(handoff, "next_attempt").due_at + timedelta(minutes=1)
    sweep_deadlines(now=late)
    waive_breach(
        breach_id=Breach.objects.get(handoff=handoff).pk, reason="Trade fair", now=late, actor=team.manager
    )
    return handoff, late


def clock(handoff: Handoff, kind: str) -> Deadline:
    """The newest clock of a kind."""
    return Deadline.objects.filter(handoff=handoff, kind=kind).order_by("-pk")[0]


def clocks(handoff: Handoff) -> dict[str, str]:
    """The outcome of the newest clock of each kind."""
    rows = Deadline.objects.filter(handoff=handoff).order_by("pk").values_list("kind", "outcome")
    return dict(rows)
