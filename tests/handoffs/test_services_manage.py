"""Managers: reassigning, waiving, disputes, pools."""

from datetime import datetime, timedelta

import pytest

from agreements.models import Version
from handoffs.models import Breach, Deadline, EventKind, Handoff, HandoffState, PoolMember, Waiver
from handoffs.services import (
    AlreadyHandedOver,
    BadPool,
    CannotDispute,
    CannotTake,
    CannotWaive,
    HandoffNotOpen,
    ManagersOnly,
    OwnedByNow,
    accept_handoff,
    add_time_off,
    assign_handoff,
    create_pool,
    dispute_ending,
    reassign_handoffs,
    reject_handoff,
    remove_member,
    remove_time_off,
    return_handoff,
    rule_on_dispute,
    set_member,
    sweep_deadlines,
    update_pool,
    waive_breach,
)
from leads.models import ChangeSource, Lead
from leads.services import Move, advance_stages
from leads.stages import Stage
from outbox.models import Notice
from tests.factories.accounts import UserFactory
from tests.factories.handoffs import SalesTeam, clocks, convert, hand_over, lead_of, urgent_handoff

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def handoff(starter: Version, sales_team: SalesTeam, now: datetime) -> Handoff:
    return urgent_handoff(starter, now, first_name="Ada", last_name="King")


# --- Finding an owner ---------------------------------------------------------------------------------------------


def test_assign_gives_what_nobody_owns(starter: Version, sales_team: SalesTeam, now: datetime):
    sales_team.only(now=now)
    waiting = urgent_handoff(starter, now)
    for at in (now + MINUTE, now + 2 * MINUTE):  # the second time it is with her already
        handoff = assign_handoff(
            handoff_id=waiting.pk, to_user_id=sales_team.lena.pk, now=at, actor=sales_team.manager
        )
        assert (handoff.owner_id, handoff.state, handoff.assigned_at) == (
            sales_team.lena.pk,
            HandoffState.OFFERED,
            now + MINUTE,
        )
    assert clocks(waiting) == {"assign": "met", "accept": "open", "first_attempt": "open"}


def test_assign_what_somebody_has_by_now_is_refused(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)
    with pytest.raises(OwnedByNow, match="Mia has this handoff by now"):
        assign_handoff(
            handoff_id=handoff.pk, to_user_id=sales_team.lena.pk, now=now + MINUTE, actor=sales_team.manager
        )
    handoff.refresh_from_db()
    assert (handoff.owner, handoff.state) == (sales_team.mia, HandoffState.ACCEPTED)


def test_assign_by_a_rep_or_after_the_end_is_refused(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    taker = sales_team.lena.pk
    with pytest.raises(ManagersOnly):
        assign_handoff(handoff_id=handoff.pk, to_user_id=taker, now=now, actor=sales_team.mia)
    reject_handoff(handoff_id=handoff.pk, reason_key="reject-not-our-market", now=now, actor=sales_team.mia)
    with pytest.raises(HandoffNotOpen):
        assign_handoff(handoff_id=handoff.pk, to_user_id=taker, now=now, actor=sales_team.manager)


# --- Reassigning --------------------------------------------------------------------------------------------------


def test_reassign_ends_the_old_clocks_and_starts_new_ones(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)
    at = now + HOUR
    moved = reassign_handoffs(
        handoff_ids=[handoff.pk], to_user_id=sales_team.lena.pk, now=at, actor=sales_team.manager
    )
    handoff.refresh_from_db()
    assert (moved, handoff.owner, handoff.state, handoff.assigned_at, handoff.accepted_at) == (
        1,
        sales_team.lena,
        HandoffState.OFFERED,
        at,
        None,
    )
    rows = Deadline.objects.filter(handoff=handoff).order_by("pk")
    assert [(row.kind, row.owner, row.outcome, row.started_at) for row in rows] == [
        ("accept", sales_team.mia, "met", now),
        ("first_attempt", sales_team.mia, "cancelled", now),
        ("accept", sales_team.lena, "open", at),
        ("first_attempt", sales_team.lena, "open", at),
    ]
    assert Lead.objects.get(pk=handoff.lead_id).owner == sales_team.lena
    event = handoff.events.latest("pk")
    assert (event.kind, event.actor, event.data) == (
        EventKind.REASSIGNED,
        sales_team.manager,
        {"from": sales_team.mia.pk, "to": sales_team.lena.pk},
    )
    assert Notice.objects.get(user=sales_team.lena).title == "Ada King is yours: accept by 2 Nov 12:30"
    assert Notice.objects.filter(user=sales_team.mia, title="Ada King is no longer yours").exists()
    assert not Breach.objects.exists()


def test_reassign_what_is_late_leaves_the_breach_with_the_old_owner(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    reassign_handoffs(
        handoff_ids=[handoff.pk],
        to_user_id=sales_team.omar.pk,
        now=now + 90 * MINUTE,
        actor=sales_team.manager,
    )
    assert list(Breach.objects.values_list("kind", "owner__name")) == [("accept", "Mia")]


def test_reassign_back_and_forth_tells_each_time(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    for minutes, user in enumerate([sales_team.omar, sales_team.mia, sales_team.omar], 1):
        reassign_handoffs(
            handoff_ids=[handoff.pk],
            to_user_id=user.pk,
            now=now + minutes * MINUTE,
            actor=sales_team.manager,
        )
    assert Notice.objects.filter(user=sales_team.omar, title__contains="is yours").count() == 2


def test_reassign_many_and_waiting_ones_at_once(starter: Version, sales_team: SalesTeam, now: datetime):
    sales_team.only(now=now)
    waiting = hand_over(*(convert(lead_of(starter), now) for _ in range(5)), now=now)
    assert {handoff.state for handoff in waiting} == {HandoffState.UNASSIGNED}
    ids = [handoff.pk for handoff in waiting]
    for moved in (5, 0):
        assert (
            reassign_handoffs(
                handoff_ids=ids, to_user_id=sales_team.mia.pk, now=now + HOUR, actor=sales_team.manager
            )
            == moved
        )
    assert set(Handoff.objects.values_list("owner__name", "state")) == {("Mia", "offered")}
    assert {tuple(clocks(handoff).items()) for handoff in waiting} == {
        (("assign", "met"), ("accept", "open"), ("first_attempt", "open"))
    }


def test_reassign_by_a_rep_is_refused(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    with pytest.raises(ManagersOnly):
        reassign_handoffs(
            handoff_ids=[handoff.pk], to_user_id=sales_team.omar.pk, now=now, actor=sales_team.mia
        )


def test_reassign_to_somebody_who_cannot_take_it_is_refused(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    gone = UserFactory(is_active=False)
    for user in (sales_team.marketing, gone):
        with pytest.raises(CannotTake):
            reassign_handoffs(handoff_ids=[handoff.pk], to_user_id=user.pk, now=now, actor=sales_team.manager)


def test_reassign_what_has_ended_is_refused_and_moves_none(
    handoff: Handoff, starter: Version, sales_team: SalesTeam, now: datetime
):
    other = urgent_handoff(starter, now)
    reject_handoff(handoff_id=handoff.pk, reason_key="reject-duplicate", now=now, actor=sales_team.mia)
    with pytest.raises(HandoffNotOpen):
        reassign_handoffs(
            handoff_ids=[other.pk, handoff.pk],
            to_user_id=sales_team.lena.pk,
            now=now,
            actor=sales_team.manager,
        )
    other.refresh_from_db()
    assert other.owner == sales_team.omar


# --- Waiving ------------------------------------------------------------------------------------------------------


@pytest.fixture
def breach(handoff: Handoff, now: datetime) -> Breach:
    sweep_deadlines(now=now + HOUR + MINUTE)
    return Breach.objects.get()


def test_waive_keeps_the_breach_and_tells_its_owner(breach: Breach, sales_team: SalesTeam, now: datetime):
    waiver = waive_breach(
        breach_id=breach.pk, reason="Power cut", now=now + 2 * HOUR, actor=sales_team.manager
    )
    assert (waiver.breach, waiver.reason, waiver.user) == (breach, "Power cut", sales_team.manager)
    assert Breach.objects.filter(pk=breach.pk).exists()
    assert Notice.objects.filter(
        user=sales_team.mia, title="Sara Sales waived your breach on Ada King: Power cut"
    ).exists()


def test_waive_twice_without_reason_or_as_a_rep_is_refused(
    breach: Breach, sales_team: SalesTeam, now: datetime
):
    with pytest.raises(CannotWaive, match="Say why"):
        waive_breach(breach_id=breach.pk, reason=" ", now=now, actor=sales_team.manager)
    with pytest.raises(ManagersOnly):
        waive_breach(breach_id=breach.pk, reason="Please", now=now, actor=sales_team.mia)
    waive_breach(breach_id=breach.pk, reason="Power cut", now=now, actor=sales_team.manager)
    with pytest.raises(CannotWaive, match="already"):
        waive_breach(breach_id=breach.pk, reason="Power cut", now=now, actor=sales_team.manager)
    assert Waiver.objects.count() == 1


# --- Disputes -----------------------------------------------------------------------------------------------------


@pytest.fixture
def returned(handoff: Handoff, sales_team: SalesTeam, now: datetime) -> Handoff:
    accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)
    return return_handoff(
        handoff_id=handoff.pk, reason_key="return-only-reading", now=now + HOUR, actor=sales_team.mia
    )


def test_a_dispute_that_sales_upholds(returned: Handoff, sales_team: SalesTeam, now: datetime):
    dispute_ending(
        handoff_id=returned.pk, note="She asked twice", now=now + 2 * HOUR, actor=sales_team.marketing
    )
    assert (
        Notice.objects.get(user=sales_team.manager).title
        == "Max Marketing disputes the end of Ada King’s handoff"
    )
    again = rule_on_dispute(
        handoff_id=returned.pk, reopen=False, note="No", now=now + 3 * HOUR, actor=sales_team.manager
    )
    returned.refresh_from_db()
    assert (again, returned.state, returned.disputed_at) == (None, HandoffState.RETURNED, None)
    assert returned.events.latest("pk").data == {"upheld": True, "note": "No", "handoff": None}


def test_a_dispute_that_sales_grants_hands_over_again_to_the_same_owner(
    returned: Handoff, sales_team: SalesTeam, now: datetime
):
    dispute_ending(
        handoff_id=returned.pk, note="She asked twice", now=now + 2 * HOUR, actor=sales_team.marketing
    )
    again = rule_on_dispute(handoff_id=returned.pk, reopen=True, now=now + 3 * HOUR, actor=sales_team.manager)
    assert again is not None
    assert (again.owner, again.lead, again.state) == (
        sales_team.mia,
        returned.lead,
        HandoffState.OFFERED,
    )
    assert Lead.objects.get(pk=again.lead_id).stage == Stage.MQL
    with pytest.raises(CannotDispute, match="settled"):
        rule_on_dispute(handoff_id=returned.pk, reopen=True, now=now, actor=sales_team.manager)
    with pytest.raises(CannotDispute, match="before"):
        dispute_ending(handoff_id=returned.pk, note="Again", now=now, actor=sales_team.marketing)


def test_a_dispute_cannot_be_granted_once_the_lead_is_an_sql(
    returned: Handoff, starter: Version, sales_team: SalesTeam, now: datetime
):
    dispute_ending(handoff_id=returned.pk, note="Look", now=now + 2 * HOUR, actor=sales_team.marketing)
    move = Move(returned.lead_id, Stage.SQL, starter.pk, "", reason="Signed elsewhere")
    advance_stages([move], now=now + 2 * HOUR, actor=None, source=ChangeSource.RULE)
    with pytest.raises(CannotDispute, match="beyond handing over"):
        rule_on_dispute(handoff_id=returned.pk, reopen=True, now=now + 3 * HOUR, actor=sales_team.manager)
    assert not Handoff.objects.open().filter(lead=returned.lead_id).exists()
    rule_on_dispute(handoff_id=returned.pk, reopen=False, now=now + 3 * HOUR, actor=sales_team.manager)
    returned.refresh_from_db()
    assert returned.disputed_at is None


def test_a_dispute_granted_while_the_owner_is_away_goes_by_turns(
    returned: Handoff, sales_team: SalesTeam, now: datetime
):
    dispute_ending(handoff_id=returned.pk, note="Look", now=now, actor=sales_team.marketing)
    add_time_off(
        user_id=sales_team.mia.pk, starts_at=now, ends_at=now + timedelta(days=9), now=now, actor=None
    )
    again = rule_on_dispute(handoff_id=returned.pk, reopen=True, now=now + 3 * HOUR, actor=sales_team.manager)
    assert again is not None
    assert again.owner in (sales_team.omar, sales_team.lena)


def test_who_disputes_and_what(handoff: Handoff, starter: Version, sales_team: SalesTeam, now: datetime):
    with pytest.raises(HandoffNotOpen):
        dispute_ending(handoff_id=handoff.pk, note="Why", now=now, actor=sales_team.marketing)
    reject_handoff(handoff_id=handoff.pk, reason_key="reject-duplicate", now=now, actor=sales_team.mia)
    for actor in (sales_team.manager, sales_team.mia):
        with pytest.raises(ManagersOnly):
            dispute_ending(handoff_id=handoff.pk, note="Why", now=now, actor=actor)
    with pytest.raises(CannotDispute, match="Say why"):
        dispute_ending(handoff_id=handoff.pk, note="", now=now, actor=sales_team.marketing)
    with pytest.raises(CannotDispute, match="Nothing is disputed"):
        rule_on_dispute(handoff_id=handoff.pk, reopen=True, now=now, actor=sales_team.manager)
    hand_over(convert(handoff.lead, now + HOUR), now=now + HOUR)
    with pytest.raises(AlreadyHandedOver):
        dispute_ending(handoff_id=handoff.pk, note="Why", now=now, actor=sales_team.marketing)


# --- Pools --------------------------------------------------------------------------------------------------------


def test_create_and_update_a_pool(sales_team: SalesTeam, now: datetime):
    pool = create_pool(name="South", manager_id=sales_team.manager.pk, now=now, actor=sales_team.manager)
    assert (pool.slug, pool.name, pool.manager) == ("south", "South", sales_team.manager)
    update_pool(
        pool_id=pool.pk, name="Southern", manager_id=sales_team.manager.pk, now=now, actor=sales_team.manager
    )
    pool.refresh_from_db()
    assert (pool.slug, pool.name) == ("south", "Southern")


@pytest.mark.parametrize(
    ("name", "slug", "reason"),
    [("", "", "name"), ("Inbound", "", "already"), ("Other", "inbound", "already")],
)
def test_create_a_pool_that_makes_no_sense(
    name: str, slug: str, reason: str, sales_team: SalesTeam, now: datetime
):
    with pytest.raises(BadPool, match=reason):
        create_pool(name=name, slug=slug, manager_id=sales_team.manager.pk, now=now, actor=None)


def test_a_rep_leads_no_pool(sales_team: SalesTeam, now: datetime):
    with pytest.raises(BadPool, match="manages handoffs"):
        create_pool(name="South", manager_id=sales_team.mia.pk, now=now, actor=None)
    with pytest.raises(ManagersOnly):
        create_pool(name="South", manager_id=sales_team.manager.pk, now=now, actor=sales_team.mia)


def test_set_and_remove_a_member(sales_team: SalesTeam, now: datetime):
    set_member(
        pool_id=sales_team.pool.pk,
        user_id=sales_team.mia.pk,
        weight=3,
        capacity=5,
        is_active=False,
        now=now,
        actor=sales_team.manager,
    )
    member = sales_team.member(sales_team.mia)
    assert (member.weight, member.capacity, member.is_active) == (3, 5, False)
    remove_member(pool_id=sales_team.pool.pk, user_id=sales_team.mia.pk, now=now, actor=sales_team.manager)
    assert PoolMember.objects.count() == 2


def test_set_a_member_that_makes_no_sense(sales_team: SalesTeam, now: datetime):
    for values in ({"weight": 0}, {"capacity": -1}):
        with pytest.raises(BadPool):
            set_member(pool_id=sales_team.pool.pk, user_id=sales_team.mia.pk, now=now, actor=None, **values)
    with pytest.raises(BadPool):
        set_member(pool_id=sales_team.pool.pk, user_id=sales_team.marketing.pk, now=now, actor=None)


def test_people_enter_their_own_time_off(sales_team: SalesTeam, now: datetime):
    day = timedelta(days=1)
    mine = add_time_off(
        user_id=sales_team.mia.pk, starts_at=now, ends_at=now + day, now=now, actor=sales_team.mia
    )
    with pytest.raises(ManagersOnly):
        add_time_off(
            user_id=sales_team.mia.pk, starts_at=now, ends_at=now + day, now=now, actor=sales_team.omar
        )
    with pytest.raises(BadPool):
        add_time_off(user_id=sales_team.mia.pk, starts_at=now, ends_at=now, now=now, actor=sales_team.mia)
    with pytest.raises(ManagersOnly):
        remove_time_off(time_off_id=mine.pk, now=now, actor=sales_team.omar)
    remove_time_off(time_off_id=mine.pk, now=now, actor=sales_team.mia)
    assert not sales_team.mia.time_off.exists()
