"""Rejecting, returning, disqualifying, qualifying, and what becomes of the deal."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from agreements.models import Version
from agreements.selectors import cite
from handoffs.models import Breach, Deadline, EventKind, Handoff, HandoffEvent, HandoffState
from handoffs.services import (
    AttemptsMissing,
    CriteriaNotMet,
    HandoffNotOpen,
    NotYourLead,
    UnknownReason,
    WrongStage,
    accept_handoff,
    disqualify_handoff,
    log_attempt,
    mark_lost,
    mark_won,
    open_opportunity,
    qualify_handoff,
    reject_handoff,
    return_handoff,
)
from handoffs.signals import handoffs_ended
from leads.models import Lead
from leads.stages import Stage
from outbox.models import Notice
from tests.factories.handoffs import SalesTeam, advance_to, lead_of, urgent_handoff

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def handoff(starter: Version, sales_team: SalesTeam, now: datetime) -> Handoff:
    """Mia's, urgent, accepted at once."""
    handoff = urgent_handoff(starter, now, first_name="Ada", last_name="King")
    return accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)


def attempts(handoff: Handoff, count: int, at: datetime) -> None:
    for number in range(count):
        log_attempt(
            handoff_id=handoff.pk,
            channel="phone",
            outcome="no_answer",
            now=at + number * MINUTE,
            actor=handoff.owner,
        )


def lead_of_handoff(handoff: Handoff) -> Lead:
    return Lead.objects.get(pk=handoff.lead_id)


# --- Rejecting ----------------------------------------------------------------------------------------------------


def test_reject_gives_the_lead_back_to_marketing(starter: Version, sales_team: SalesTeam, now: datetime):
    handoff = urgent_handoff(starter, now, first_name="Ada", last_name="King")
    rejected = reject_handoff(
        handoff_id=handoff.pk,
        reason_key="reject-not-our-market",
        note="Sells to consumers",
        now=now + MINUTE,
        actor=sales_team.mia,
    )
    lead = lead_of_handoff(handoff)
    assert (rejected.state, rejected.reason_key, rejected.reason_note, rejected.ended_at) == (
        HandoffState.REJECTED,
        "reject-not-our-market",
        "Sells to consumers",
        now + MINUTE,
    )
    assert rejected.cool_down_until == now + MINUTE + timedelta(days=90)
    assert (lead.stage, lead.owner) == (Stage.LEAD, None)
    change = lead.stage_changes.latest("pk")
    assert (change.from_stage, change.to_stage, change.clause_key, change.actor) == (
        "mql",
        "lead",
        "reject-not-our-market",
        sales_team.mia,
    )
    assert not Deadline.objects.open().exists()
    assert not Breach.objects.exists()
    assert set(Notice.objects.exclude(user=sales_team.mia).values_list("user__name", "title")) == {
        ("Max Marketing", "Mia rejected Ada King: Outside our market"),
        ("Mona Marketing", "Mia rejected Ada King: Outside our market"),
    }


def test_reject_what_was_accepted_is_refused(handoff: Handoff, now: datetime):
    with pytest.raises(HandoffNotOpen, match="Being worked"):
        reject_handoff(handoff_id=handoff.pk, reason_key="reject-duplicate", now=now, actor=handoff.owner)


@pytest.mark.parametrize("key", ["nonsense", "return-not-now", "lose-price"])
def test_reject_for_no_documented_reason_is_refused(
    key: str, starter: Version, sales_team: SalesTeam, now: datetime
):
    handoff = urgent_handoff(starter, now)
    with pytest.raises(UnknownReason, match="reject-duplicate"):
        reject_handoff(handoff_id=handoff.pk, reason_key=key, now=now, actor=sales_team.mia)


# --- Returning ----------------------------------------------------------------------------------------------------


def test_return_for_no_answer_needs_the_attempts_of_the_cadence(handoff: Handoff, now: datetime):
    attempts(handoff, 3, now)
    with pytest.raises(AttemptsMissing) as refused:
        return_handoff(
            handoff_id=handoff.pk, reason_key="return-no-response", now=now + HOUR, actor=handoff.owner
        )
    assert (refused.value.needed, refused.value.made) == (5, 3)
    assert refused.value.message == (
        "“No answer” holds after 5 attempts; 3 made. Log 2 more attempts, or choose another reason."
    )
    handoff.refresh_from_db()
    assert handoff.state == HandoffState.ACCEPTED

    attempts(handoff, 2, now + HOUR)
    returned = return_handoff(
        handoff_id=handoff.pk, reason_key="return-no-response", now=now + 2 * HOUR, actor=handoff.owner
    )
    assert (returned.state, returned.cool_down_until) == (
        HandoffState.RETURNED,
        now + 2 * HOUR + timedelta(days=30),
    )
    assert lead_of_handoff(handoff).stage == Stage.LEAD


def test_return_for_another_reason_needs_no_attempts(handoff: Handoff, now: datetime):
    returned = return_handoff(
        handoff_id=handoff.pk,
        reason_key="return-not-now",
        note="In May",
        now=now + MINUTE,
        actor=handoff.owner,
    )
    event = HandoffEvent.objects.filter(handoff=handoff).latest("pk")
    assert returned.state == HandoffState.RETURNED
    assert (event.kind, event.clause_key, event.data) == (
        EventKind.RETURNED,
        "return-not-now",
        {"note": "In May"},
    )


def test_return_again_changes_nothing(handoff: Handoff, now: datetime):
    for minutes in range(3):
        returned = return_handoff(
            handoff_id=handoff.pk,
            reason_key="return-not-now",
            now=now + minutes * MINUTE,
            actor=handoff.owner,
        )
    assert returned.ended_at == now
    assert handoff.events.filter(kind=EventKind.RETURNED).count() == 1
    with pytest.raises(HandoffNotOpen):
        return_handoff(handoff_id=handoff.pk, reason_key="return-no-budget", now=now, actor=handoff.owner)


def test_an_end_records_what_was_overdue_and_no_sweep_saw(handoff: Handoff, now: datetime):
    return_handoff(
        handoff_id=handoff.pk, reason_key="return-not-now", now=now + 3 * HOUR, actor=handoff.owner
    )
    breach = Breach.objects.get()
    deadline = breach.deadline
    assert (breach.kind, breach.recorded_at) == ("first_attempt", now + 3 * HOUR)
    assert (deadline.outcome, deadline.ended_at, deadline.took) == ("cancelled", now + 3 * HOUR, None)


def test_an_end_sends_one_signal_after_the_lead_moved(handoff: Handoff, now: datetime):
    heard: list[tuple[list[int], str]] = []

    def hear(*, handoff_ids: list[int], **_: object) -> None:
        heard.append((handoff_ids, lead_of_handoff(handoff).stage))

    handoffs_ended.connect(hear)
    try:
        return_handoff(handoff_id=handoff.pk, reason_key="return-not-now", now=now, actor=handoff.owner)
    finally:
        handoffs_ended.disconnect(hear)
    assert heard == [([handoff.pk], Stage.LEAD)]


# --- For good -----------------------------------------------------------------------------------------------------


def test_disqualify_takes_the_lead_off_the_ladder(handoff: Handoff, now: datetime):
    ended = disqualify_handoff(
        handoff_id=handoff.pk, reason_key="disqualify-fake", now=now, actor=handoff.owner
    )
    lead = lead_of_handoff(handoff)
    assert (ended.state, lead.stage, lead.owner) == (HandoffState.DISQUALIFIED, Stage.DISQUALIFIED, None)
    assert lead.stage_changes.latest("pk").clause_key == "disqualify-fake"


def test_who_asked_not_to_be_contacted_is_not(handoff: Handoff, now: datetime):
    disqualify_handoff(
        handoff_id=handoff.pk, reason_key="disqualify-asked-not-to", now=now, actor=handoff.owner
    )
    lead = lead_of_handoff(handoff)
    assert (lead.stage, lead.do_not_call, lead.email_consent) == (Stage.DISQUALIFIED, True, "withdrawn")


def test_qualify_makes_an_sql_of_the_lead(handoff: Handoff, now: datetime):
    ended = qualify_handoff(
        handoff_id=handoff.pk, note="Needs it by May", value=Decimal(18000), now=now, actor=handoff.owner
    )
    lead = lead_of_handoff(handoff)
    change = lead.stage_changes.latest("pk")
    assert (ended.state, lead.stage, lead.value, lead.owner) == (
        HandoffState.QUALIFIED,
        Stage.SQL,
        Decimal(18000),
        handoff.owner,
    )
    assert (change.version, change.clause_key) == (handoff.version, "sql")
    assert not Deadline.objects.open().exists()
    again = qualify_handoff(handoff_id=handoff.pk, now=now + HOUR, actor=handoff.owner)
    assert again.ended_at == now


def test_qualify_against_the_definition_says_which_criterion_fails(
    handoff: Handoff, starter: Version, now: datetime
):
    Lead.objects.filter(pk=handoff.lead_id).update(do_not_call=True)
    with pytest.raises(CriteriaNotMet) as refused:
        qualify_handoff(handoff_id=handoff.pk, now=now, actor=handoff.owner)
    clause = cite(starter.pk, "sql")
    assert clause is not None
    assert refused.value.message == (
        f"Ada King cannot become “SQL”: §{clause.reference} asks that do not call is not yes. "
        "The lead has: do not call “yes”."
    )
    handoff.refresh_from_db()
    assert (handoff.state, lead_of_handoff(handoff).stage) == (HandoffState.ACCEPTED, Stage.MQL)


def test_qualify_what_was_not_accepted_is_refused(starter: Version, sales_team: SalesTeam, now: datetime):
    handoff = urgent_handoff(starter, now)
    with pytest.raises(HandoffNotOpen):
        qualify_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)


# --- Moved on elsewhere -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER])
def test_a_lead_that_moved_on_elsewhere_ends_its_handoff(stage: Stage, handoff: Handoff, now: datetime):
    advance_to(lead_of_handoff(handoff), stage, now=now + HOUR)
    handoff.refresh_from_db()
    assert (handoff.state, handoff.ended_at) == (HandoffState.QUALIFIED, now + HOUR)
    assert not Deadline.objects.open().exists()


# --- Deals --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sql(starter: Version, sales_team: SalesTeam) -> Lead:
    return lead_of(starter, stage=Stage.SQL, owner=sales_team.mia)


def test_a_deal_is_opened_and_won(sql: Lead, sales_team: SalesTeam, now: datetime):
    opened = open_opportunity(lead_id=sql.pk, value=Decimal(9000), now=now, actor=sales_team.mia)
    assert (opened.stage, opened.value) == (Stage.OPPORTUNITY, Decimal(9000))
    won = mark_won(lead_id=sql.pk, value=Decimal(12000), now=now + HOUR, actor=sales_team.mia)
    assert (won.stage, won.value) == (Stage.CUSTOMER, Decimal(12000))
    assert [change.clause_key for change in sql.stage_changes.order_by("pk")] == ["opportunity", "customer"]
    assert mark_won(lead_id=sql.pk, now=now + 2 * HOUR, actor=sales_team.mia).stage_entered_at == now + HOUR


def test_a_deal_is_lost_for_a_documented_reason(sql: Lead, sales_team: SalesTeam, now: datetime):
    with pytest.raises(UnknownReason):
        mark_lost(lead_id=sql.pk, reason_key="disqualify-fake", now=now, actor=sales_team.mia)
    lost = mark_lost(
        lead_id=sql.pk, reason_key="lose-price", note="Half of ours", now=now, actor=sales_team.mia
    )
    change = lost.stage_changes.get()
    assert (lost.stage, change.clause_key, change.reason) == (
        Stage.LOST,
        "lose-price",
        "Price: Half of ours",
    )


def test_a_deal_of_an_mql_is_refused(starter: Version, sales_team: SalesTeam, now: datetime):
    lead = lead_of(starter, stage=Stage.MQL)
    with pytest.raises(WrongStage, match="is “MQL” and cannot become “Customer”"):
        mark_won(lead_id=lead.pk, now=now, actor=sales_team.mia)


def test_a_deal_of_somebody_else_is_refused(sql: Lead, sales_team: SalesTeam, now: datetime):
    with pytest.raises(NotYourLead, match="Mia’s"):
        mark_won(lead_id=sql.pk, now=now, actor=sales_team.omar)
    assert mark_won(lead_id=sql.pk, now=now, actor=sales_team.manager).stage == Stage.CUSTOMER
