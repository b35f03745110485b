"""A busy quarter of a small company, played by the real services, for every figure to have something to count."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from agreements.models import Version
from handoffs.models import Breach, Handoff
from handoffs.services import (
    accept_handoff,
    dispute_ending,
    disqualify_handoff,
    log_attempt,
    mark_lost,
    mark_won,
    qualify_handoff,
    reject_handoff,
    return_handoff,
    rule_on_dispute,
    sweep_deadlines,
    waive_breach,
)
from kpis.models import TrafficDay
from kpis.services import TrafficItem, upsert_traffic
from leads.models import Lead
from tests.factories.handoffs import SalesTeam, convert, hand_over, lead_of
from tests.factories.leads import StageChangeFactory

SOURCES = ("paid_search", "webinar", "", "referral")


def busy_world(version: Version, team: SalesTeam, *, start: datetime, days: int = 34) -> datetime:
    """Two demo requests every other day, worked in all the ways there are; returns the instant it ends.

    Who comes late, rejects, returns, wins or loses follows from a count, so it is the same each time.
    """
    now = start
    opened: list[Handoff] = []
    for day in range(days):
        now = start + timedelta(days=day)
        sweep_deadlines(now=now)
        if day % 2 == 0:
            leads = [
                lead_of(version, source=SOURCES[(day + n) % 4], created_at=now, phone="" if n else "+49 30 1")
                for n in range(2)
            ]
            for lead in leads:
                enter(lead, now)
            opened += hand_over(*(convert(lead, now) for lead in leads), now=now + timedelta(minutes=2))
        for number, handoff in enumerate(opened):
            work(handoff.pk, number, now + timedelta(minutes=20 + 7 * (number % 5)), team)
    visitors(start.date(), days, now=now)
    settle(now, team)
    return now


def enter(lead: Lead, now: datetime) -> None:
    """As ingesting would record that a lead came in."""
    StageChangeFactory(lead=lead, from_stage="", to_stage="lead", at=now)


def work(handoff_id: int, number: int, now: datetime, team: SalesTeam) -> None:
    """What the owner does with it that day; some days nothing."""
    handoff = Handoff.objects.select_related("owner", "lead").get(pk=handoff_id)
    if handoff.owner is None or (number + now.day) % 3 == 0:
        return
    who = handoff.owner
    if handoff.is_open:
        _work_open(handoff, number, now, who)
    elif handoff.lead.stage in ("sql", "opportunity") and (now - handoff.ended_at).days > 5:  # type: ignore[operator]
        if number % 3:
            mark_won(lead_id=handoff.lead_id, value=Decimal(1000 + number), now=now, actor=team.manager)
        else:
            mark_lost(lead_id=handoff.lead_id, reason_key="lose-price", now=now, actor=team.manager)


def _work_open(handoff: Handoff, number: int, now: datetime, who: object) -> None:
    given = {"handoff_id": handoff.pk, "now": now, "actor": who}
    if handoff.state == "offered" and number % 7 == 0:
        reject_handoff(reason_key="reject-duplicate", **given)
    elif handoff.state == "offered" and number % 2:
        accept_handoff(**given)
    elif handoff.attempts_made < 2:
        log_attempt(channel="phone", outcome="no_answer", **given)
    elif number % 4 == 1:
        return_handoff(reason_key="return-not-now", **given)
    elif number % 11 == 2:
        disqualify_handoff(reason_key="disqualify-no-need", **given)
    else:
        log_attempt(channel="phone", outcome="connected", **given)
        qualify_handoff(**given)


def visitors(first: date, days: int, *, now: datetime) -> None:
    items = [
        TrafficItem(day=first + timedelta(days=day), visitors=100 + day, source=source)
        for day in range(days)
        for source in SOURCES[:2]
    ]
    upsert_traffic(items, now=now, actor=None)
    assert TrafficDay.objects.exists()


def settle(now: datetime, team: SalesTeam) -> None:
    """A few breaches are waived, and a rejection and a return are overruled."""
    for breach in list(Breach.objects.order_by("pk")[:3]):
        waive_breach(breach_id=breach.pk, reason="The whole team was ill.", now=now, actor=team.manager)
    for state in ("rejected", "returned"):
        handoff = Handoff.objects.filter(state=state).order_by("-ended_at").first()
        assert handoff is not None
        dispute_ending(handoff_id=handoff.pk, note="Once more, please.", now=now, actor=team.marketing)
        rule_on_dispute(handoff_id=handoff.pk, reopen=True, now=now, actor=team.manager)
