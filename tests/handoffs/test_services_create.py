"""Handing over: triggers, who is left out, what is missing, how many statements."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agreements.models import Version
from agreements.selectors import cite
from handoffs.models import Deadline, EventKind, Handoff, HandoffEvent, HandoffState, HeldBack, Pool
from handoffs.selectors.timeline import handoff_facts
from handoffs.services import (
    AlreadyHandedOver,
    CannotHandOff,
    CannotTake,
    CriteriaNotMet,
    accept_handoff,
    add_time_off,
    hand_off_by_hand,
    hand_over_scored,
    return_handoff,
)
from handoffs.signals import handoffs_created
from leads.models import Lead
from leads.stages import Stage
from outbox.models import Notice
from tests.factories.accounts import UserFactory
from tests.factories.agreements import active_version, starter_content
from tests.factories.handoffs import (
    SalesTeam,
    advance_to,
    convert,
    hand_over,
    lead_of,
    qualify_by_score,
    urgent_handoff,
)

pytestmark = pytest.mark.django_db


def events_of(handoff: Handoff) -> list[tuple[str, str]]:
    return list(HandoffEvent.objects.filter(handoff=handoff).values_list("kind", "clause_key"))


def test_hand_over_a_conversion(starter: Version, sales_team: SalesTeam, now: datetime):
    acted = now - timedelta(minutes=20)
    lead = lead_of(starter)
    [handoff] = hand_over(convert(lead, acted), now=now)

    lead.refresh_from_db()
    assert {
        "lead": handoff.lead,
        "version": handoff.version,
        "trigger": handoff.trigger_key,
        "urgent": handoff.urgent,
        "owner": handoff.owner,
        "state": handoff.state,
        "missing": handoff.missing,
        "lead_acted_at": handoff.lead_acted_at,
        "created_at": handoff.created_at,
        "assigned_at": handoff.assigned_at,
    } == {
        "lead": lead,
        "version": starter,
        "trigger": "trigger-demo-request",
        "urgent": True,
        "owner": sales_team.mia,
        "state": HandoffState.OFFERED,
        "missing": [],
        "lead_acted_at": acted,
        "created_at": now,
        "assigned_at": now,
    }
    assert events_of(handoff) == [(EventKind.CREATED, "trigger-demo-request"), (EventKind.ASSIGNED, "")]
    assert (lead.stage, lead.owner) == (Stage.MQL, sales_team.mia)
    change = lead.stage_changes.get()
    assert (change.to_stage, change.version, change.clause_key) == ("mql", starter, "trigger-demo-request")


def test_hand_over_starts_the_clocks_of_the_policy(starter: Version, sales_team: SalesTeam, now: datetime):
    handoff = urgent_handoff(starter, now)
    rows = Deadline.objects.filter(handoff=handoff).order_by("kind")
    assert [
        (row.kind, row.step, row.owner, row.clause_key, row.version, row.started_at, row.due_at)
        for row in rows
    ] == [
        (
            "accept",
            0,
            sales_team.mia,
            "response-urgent",
            starter,
            now,
            now + timedelta(hours=1),
        ),
        (
            "first_attempt",
            1,
            sales_team.mia,
            "response-urgent",
            starter,
            now,
            now + timedelta(hours=2),
        ),
    ]
    accept = rows[0]
    assert (accept.remind_at, accept.escalate_at, accept.reassign_at) == (
        now + timedelta(minutes=30),
        now + timedelta(hours=2),
        now + timedelta(hours=5),
    )
    assert accept.next_action_at == accept.remind_at
    assert accept.calendar == starter.agreement.calendar.revisions.get()


def test_hand_over_tells_the_owner_in_the_own_language_and_zone(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    handoff = urgent_handoff(starter, now, first_name="Ada", last_name="King")
    notice = Notice.objects.get(user=sales_team.mia)
    assert (notice.title, notice.urgent) == ("Ada King is yours: accept by 2 Nov 11:30", True)
    assert notice.body == "§4.1 Asks to talk"
    assert str(handoff.lead_id) in notice.url


def test_hand_over_a_lead_that_qualifies_by_score(starter: Version, sales_team: SalesTeam, now: datetime):
    lead = lead_of(starter, phone="")
    [handoff] = qualify_by_score(lead, now=now)
    assert (handoff.trigger_key, handoff.urgent, handoff.lead_acted_at) == ("trigger-score", False, now)


def test_hand_over_prefers_the_trigger_that_stands_first(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    lead = lead_of(starter)
    advance_to(lead, Stage.MQL, now=now)
    activity = convert(lead, now - timedelta(hours=1))
    hand_over_scored(activity_ids=[activity.pk], qualified_ids=[lead.pk], now=now, actor=None)
    handoff = Handoff.objects.get()
    assert (handoff.trigger_key, handoff.lead_acted_at) == ("trigger-demo-request", activity.occurred_at)


def test_hand_over_counts_speed_from_the_first_of_several_conversions(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    lead = lead_of(starter)
    first, second = now - timedelta(hours=3), now - timedelta(hours=1)
    [handoff] = hand_over(convert(lead, second), convert(lead, first, "assessment_request"), now=now)
    assert handoff.lead_acted_at == first


def test_hand_over_says_which_required_information_is_missing(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    lead = lead_of(starter, phone="", job_title="", company=None, last_name="King")
    [handoff] = hand_over(convert(lead, now), now=now)
    assert handoff.missing == ["phone", "job_title", "company.name"]


@pytest.mark.parametrize("type", ["page_view", "content_download"])
def test_hand_over_nothing_for_other_activities(
    type: str, starter: Version, sales_team: SalesTeam, now: datetime
):
    assert hand_over(convert(lead_of(starter), now, type), now=now) == []


def test_hand_over_nothing_for_what_a_machine_may_have_done(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    assert hand_over(convert(lead_of(starter), now, human=False), now=now) == []


def test_hand_over_nothing_under_no_agreement_or_one_not_in_force(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    lead = lead_of(starter)
    Lead.objects.filter(pk=lead.pk).update(agreement=None)
    assert hand_over(convert(lead, now), now=now) == []


@pytest.mark.parametrize("who", [{"email": "spy@competitor.example"}, {"source": "scraped_list"}])
def test_hand_over_excluded_leads_never(
    who: dict[str, str], starter: Version, sales_team: SalesTeam, now: datetime
):
    lead = lead_of(starter, **who)
    assert hand_over(convert(lead, now), now=now) == []
    lead.refresh_from_db()
    assert lead.stage == Stage.LEAD


def test_a_conversion_that_is_held_back_is_told_to_marketing_and_stands_in_the_timeline(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    lead = lead_of(starter, first_name="Ada", last_name="King", job_title="Student", source="purchased_list")
    asked = convert(lead, now)
    for _ in range(2):
        assert hand_over(asked, now=now) == []
    [notice] = Notice.objects.filter(user=sales_team.marketing)
    met = (
        "job title has the word student or werkstudent or intern or trainee or praktikant and "
        "source is purchased_list or scraped_list"
    )
    assert notice.title == f"Ada King asks and is not handed over: {met}"
    [fact] = handoff_facts(lead.pk)
    assert (fact.title, fact.detail, fact.version_id, fact.clause_key) == (
        "Demo request: not handed over",
        met,
        starter.pk,
        "mql-threshold",
    )


def test_a_lead_left_out_that_is_in_hand_tells_its_owner_of_a_conversion(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    handoff = urgent_handoff(starter, now)
    Lead.objects.filter(pk=handoff.lead_id).update(source="purchased_list")
    assert hand_over(convert(handoff.lead, now, "assessment_request"), now=now) == []
    assert Notice.objects.filter(user=sales_team.mia, title__contains="asks again").exists()
    assert not HeldBack.objects.exists()


def test_hand_over_a_lead_whose_criteria_forbid_mql_all_the_same(sales_team: SalesTeam, now: datetime):
    """Whoever asks for a demo gets an answer, even where the definition of an MQL does not hold."""
    content = starter_content()
    for clause in content["qualification"]:
        clause.pop("unless", None)
    excluding_nobody = active_version(content, now=now)
    lead = lead_of(excluding_nobody, source="purchased_list", stage=Stage.CONTACT)
    [handoff] = hand_over(convert(lead, now), now=now)
    lead.refresh_from_db()
    assert (handoff.owner, lead.stage) == (sales_team.mia, Stage.CONTACT)


def test_a_lost_lead_that_asks_again_is_handed_over(starter: Version, sales_team: SalesTeam, now: datetime):
    lead = lead_of(starter, stage=Stage.LOST)
    [_handoff] = hand_over(convert(lead, now), now=now)
    lead.refresh_from_db()
    assert lead.stage == Stage.MQL


def test_a_second_conversion_tells_the_owner_and_hands_over_nothing(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    handoff = urgent_handoff(starter, now)
    again = convert(handoff.lead, now + timedelta(minutes=5), "assessment_request")
    for _ in range(2):
        assert hand_over(again, now=now + timedelta(minutes=6)) == []
    assert Handoff.objects.count() == 1
    assert events_of(handoff)[-1] == (EventKind.CONVERTED, "")
    told = Notice.objects.filter(user=sales_team.mia, title__contains="asks again")
    assert [notice.urgent for notice in told] == [True]


@pytest.mark.parametrize("stage", [Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER])
def test_a_conversion_of_an_sql_or_customer_tells_the_leads_owner(
    stage: Stage, starter: Version, sales_team: SalesTeam, now: datetime
):
    lead = lead_of(starter, stage=stage, owner=sales_team.lena)
    assert hand_over(convert(lead, now), now=now) == []
    assert Notice.objects.get().user == sales_team.lena
    lead.refresh_from_db()
    assert (lead.stage, lead.owner) == (stage, sales_team.lena)


def test_a_cooling_lead_is_handed_over_by_a_conversion_only(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    handoff = urgent_handoff(starter, now)
    accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)
    return_handoff(handoff_id=handoff.pk, reason_key="return-not-now", now=now, actor=sales_team.mia)
    lead = handoff.lead
    lead.refresh_from_db()

    later = now + timedelta(days=59)
    assert qualify_by_score(lead, now=later) == []
    assert len(hand_over(convert(lead, later), now=later)) == 1


def test_a_lead_that_cooled_down_is_handed_over_by_score(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    handoff = urgent_handoff(starter, now)
    accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)
    return_handoff(handoff_id=handoff.pk, reason_key="return-not-now", now=now, actor=sales_team.mia)
    lead = Lead.objects.get(pk=handoff.lead_id)
    assert len(qualify_by_score(lead, now=now + timedelta(days=61))) == 1


# --- For many -----------------------------------------------------------------------------------------------------


def statements(starter: Version, count: int, now: datetime) -> int:
    activities = [convert(lead_of(starter), now) for _ in range(count)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        handoffs = hand_over(*activities, now=now)
    assert len(handoffs) == count
    return len([query for query in queries if "SAVEPOINT" not in query["sql"]])


def test_hand_over_takes_as_many_statements_for_one_as_for_300(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    statements(starter, 1, now)  # the agreement is read once per process
    one = statements(starter, 1, now)
    many = statements(starter, 300, now + timedelta(hours=1))
    assert many == one
    assert one <= 30


def test_hand_over_a_batch_tells_each_reader_once(starter: Version, sales_team: SalesTeam, now: datetime):
    sales_team.only(sales_team.mia, now=now, capacity=10)
    hand_over(*(convert(lead_of(starter), now) for _ in range(25)), now=now)
    assert set(Notice.objects.values_list("user__name", "title")) == {
        ("Mia", "10 new handoffs are yours"),
        ("Sara Sales", "15 leads wait for an owner"),
    }


def test_hand_over_sends_one_signal_for_the_batch(starter: Version, sales_team: SalesTeam, now: datetime):
    heard: list[list[int]] = []

    def hear(*, handoff_ids: list[int], **_: object) -> None:
        heard.append(handoff_ids)

    handoffs_created.connect(hear)
    try:
        handoffs = hand_over(*(convert(lead_of(starter), now) for _ in range(3)), now=now)
    finally:
        handoffs_created.disconnect(hear)
    assert [sorted(ids) for ids in heard] == [[handoff.pk for handoff in handoffs]]


# --- Pools --------------------------------------------------------------------------------------------------------


def test_hand_over_to_the_oldest_pool_where_none_has_the_slug(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    Pool.objects.filter(pk=sales_team.pool.pk).update(slug="renamed")
    assert urgent_handoff(starter, now).pool == sales_team.pool


def test_hand_over_makes_a_pool_where_there_is_none(starter: Version, now: datetime):
    """Its manager is the first in sales; nobody is in it, so the lead waits there."""
    UserFactory(admin=True)
    handoff = urgent_handoff(starter, now)
    assert (handoff.state, handoff.pool.slug, handoff.pool.manager.email) == (
        HandoffState.UNASSIGNED,
        "inbound",
        "sami.sales@example.com",
    )


def test_ingest_goes_on_where_nobody_could_lead_a_pool(starter: Version, now: datetime):
    from accounts.models import User

    User.objects.update(is_active=False)
    lead = lead_of(starter)
    assert hand_over(convert(lead, now), now=now) == []
    lead.refresh_from_db()
    assert lead.stage == Stage.MQL


# --- By hand ------------------------------------------------------------------------------------------------------


def test_hand_off_by_hand(starter: Version, sales_team: SalesTeam, now: datetime):
    lead = lead_of(starter)
    handoff = hand_off_by_hand(lead_id=lead.pk, note="Met at the fair", now=now, actor=sales_team.marketing)
    lead.refresh_from_db()
    assert (handoff.trigger_key, handoff.note, handoff.owner, lead.stage) == (
        "trigger-manual",
        "Met at the fair",
        sales_team.mia,
        Stage.MQL,
    )
    assert HandoffEvent.objects.filter(handoff=handoff)[0].actor == sales_team.marketing


def test_hand_off_by_hand_to_somebody(starter: Version, sales_team: SalesTeam, now: datetime):
    handoff = hand_off_by_hand(
        lead_id=lead_of(starter).pk,
        note="Fair",
        to_user_id=sales_team.lena.pk,
        now=now,
        actor=sales_team.manager,
    )
    assert handoff.owner == sales_team.lena


def test_hand_off_by_hand_to_somebody_away_is_refused(starter: Version, sales_team: SalesTeam, now: datetime):
    add_time_off(
        user_id=sales_team.lena.pk,
        starts_at=now,
        ends_at=now + timedelta(days=3),
        now=now,
        actor=sales_team.lena,
    )
    with pytest.raises(CannotTake, match="Lena is away until"):
        hand_off_by_hand(
            lead_id=lead_of(starter).pk,
            note="Fair",
            to_user_id=sales_team.lena.pk,
            now=now,
            actor=sales_team.manager,
        )
    assert not Handoff.objects.exists()


def test_hand_off_by_hand_twice_is_refused(starter: Version, sales_team: SalesTeam, now: datetime):
    handoff = urgent_handoff(starter, now)
    with pytest.raises(AlreadyHandedOver, match="already with Mia"):
        hand_off_by_hand(lead_id=handoff.lead_id, note="Fair", now=now, actor=sales_team.marketing)


def test_hand_off_by_hand_of_a_customer_is_refused(starter: Version, sales_team: SalesTeam, now: datetime):
    with pytest.raises(CannotHandOff, match="beyond handing over: Customer"):
        hand_off_by_hand(
            lead_id=lead_of(starter, stage=Stage.CUSTOMER).pk,
            note="Fair",
            now=now,
            actor=sales_team.marketing,
        )


def test_hand_off_by_hand_against_the_definition_is_refused(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    lead = lead_of(starter, first_name="Ada", last_name="King", source="purchased_list")
    with pytest.raises(CriteriaNotMet) as refused:
        hand_off_by_hand(lead_id=lead.pk, note="Fair", now=now, actor=sales_team.marketing)
    clause = cite(starter.pk, "mql")
    assert clause is not None
    assert refused.value.message == (
        f"Ada King cannot become “MQL”: §{clause.reference} asks that source is not purchased_list or "
        "scraped_list. The lead has: source “purchased_list”."
    )
    assert not Handoff.objects.exists()


def test_hand_off_by_hand_without_a_reason_is_refused(starter: Version, sales_team: SalesTeam, now: datetime):
    with pytest.raises(CannotHandOff, match="Write down why"):
        hand_off_by_hand(lead_id=lead_of(starter).pk, note=" ", now=now, actor=sales_team.marketing)
    assert not Handoff.objects.exists()
