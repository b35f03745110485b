"""Somebody is deactivated or gets another role: what they had is with others in the same transaction."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from accounts.services import deactivate_user, update_user
from agreements.models import Version
from handoffs.models import Breach, Deadline, EventKind, Handoff, HandoffState, PoolMember
from handoffs.selectors.leaving import what_moves
from handoffs.selectors.timeline import handoff_facts
from handoffs.services import accept_handoff, notices, sweep_deadlines
from leads.models import Lead
from outbox.models import Notice
from tests.factories.accounts import UserFactory
from tests.factories.handoffs import SalesTeam, clocks, convert, hand_over, lead_of, urgent_handoff

pytestmark = pytest.mark.django_db
MANAGING = (Role.ADMIN, Role.SALES_MANAGER)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def handoff(starter: Version, sales_team: SalesTeam, now: datetime) -> Handoff:
    """Mia has it and accepted it."""
    handoff = urgent_handoff(starter, now, first_name="Ada", last_name="King")
    return accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)


def change_role(user: User, role: Role, now: datetime) -> None:
    update_user(user=user, email=user.email, name=user.name, role=role, team=user.team, now=now, actor=None)


def test_deactivating_gives_the_handoffs_to_others_whose_time_starts_then(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    at = now + HOUR
    deactivate_user(user=sales_team.mia, now=at, actor=sales_team.manager)
    handoff.refresh_from_db()
    taker = handoff.owner
    assert taker in (sales_team.omar, sales_team.lena)
    assert (handoff.state, handoff.assigned_at, handoff.accepted_at) == (HandoffState.OFFERED, at, None)
    assert Lead.objects.get().owner == taker
    rows = Deadline.objects.filter(handoff=handoff).order_by("pk")
    assert [(row.kind, row.owner, row.outcome, row.started_at) for row in rows] == [
        ("accept", sales_team.mia, "met", now),
        ("first_attempt", sales_team.mia, "cancelled", now),
        ("accept", taker, "open", at),
        ("first_attempt", taker, "open", at),
    ]
    event = handoff.events.latest("pk")
    assert (event.kind, event.actor, event.data) == (
        EventKind.REASSIGNED,
        sales_team.manager,
        {"from": sales_team.mia.pk, "to": taker.pk, "left": sales_team.mia.pk},
    )


def test_the_timeline_and_the_notice_say_why(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    deactivate_user(user=sales_team.mia, now=now + HOUR, actor=sales_team.manager)
    handoff.refresh_from_db()
    fact = handoff_facts(handoff.lead_id)[0]
    assert (fact.title, fact.detail, fact.actor) == (
        f"Reassigned to {handoff.owner}",
        "Mia works handoffs no more",
        "Sara Sales",
    )
    notice = Notice.objects.get(user=handoff.owner)
    assert notice.title == "Ada King is yours: accept by 2 Nov 12:30"
    assert notice.body.endswith(" · Mia works it no more")
    assert Notice.objects.filter(user=sales_team.mia).count() == 1  # that it was hers, and no more


def test_what_was_late_when_they_left_is_their_breach_alone(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    deactivate_user(user=sales_team.mia, now=now + 3 * HOUR, actor=None)
    assert list(Breach.objects.values_list("kind", "owner")) == [("first_attempt", sales_team.mia.pk)]
    for _ in range(2):
        sweep_deadlines(now=now + 3 * HOUR + MINUTE)
    assert Breach.objects.count() == 1


def test_where_nobody_has_room_it_waits_for_the_manager(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    sales_team.only(sales_team.mia, now=now)
    deactivate_user(user=sales_team.mia, now=now + HOUR, actor=None)
    handoff.refresh_from_db()
    assert (handoff.state, handoff.owner) == (HandoffState.UNASSIGNED, None)
    assert clocks(handoff) == {"accept": "met", "first_attempt": "cancelled", "assign": "open"}
    notice = Notice.objects.get(user=sales_team.manager)
    assert notice.title == "Ada King waits for an owner: assign by 2 Nov 13:30"
    assert notice.body.endswith(" · Mia works it no more")


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.MARKETING_MANAGER])
def test_a_role_without_handoffs_moves_them_and_tells_the_old_owner(
    handoff: Handoff, sales_team: SalesTeam, now: datetime, role: Role
):
    change_role(sales_team.mia, role, now + HOUR)
    handoff.refresh_from_db()
    assert handoff.owner in (sales_team.omar, sales_team.lena)
    titles = Notice.objects.filter(user=sales_team.mia).order_by("pk").values_list("title", flat=True)
    assert titles.last() == "Ada King is no longer yours"


def test_a_role_that_works_handoffs_keeps_them(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    change_role(sales_team.mia, Role.SALES_MANAGER, now + HOUR)
    handoff.refresh_from_db()
    assert (handoff.owner, handoff.state) == (sales_team.mia, HandoffState.ACCEPTED)


def test_a_manager_who_leaves_hands_over_the_pool_and_what_waits_in_it(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    sales_team.only(now=now)
    handoff = urgent_handoff(starter, now, first_name="Ada", last_name="King")
    next_manager = User.objects.get(name="Sami Sales")  # who signed the agreement
    deactivate_user(user=sales_team.manager, now=now + HOUR, actor=None)
    sales_team.pool.refresh_from_db()
    assert sales_team.pool.manager == next_manager
    rows = Deadline.objects.filter(handoff=handoff, kind="assign").order_by("pk")
    assert [(row.owner, row.outcome, row.started_at) for row in rows] == [
        (sales_team.manager, "cancelled", now),
        (next_manager, "open", now + HOUR),
    ]
    assert handoff_facts(handoff.lead_id)[0].detail == (
        "Sara Sales leads the pool no more; Sami Sales finds an owner"
    )
    assert Notice.objects.get(user=next_manager).title.startswith("Ada King waits for an owner")


def test_a_pool_stays_with_its_manager_where_nobody_else_could_lead_it(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    sales_team.only(now=now)
    handoff = urgent_handoff(starter, now)
    User.objects.exclude(pk=sales_team.manager.pk).filter(role__in=MANAGING).update(is_active=False)
    deactivate_user(user=sales_team.manager, now=now + HOUR, actor=None)
    handoff.refresh_from_db()
    assert (handoff.state, handoff.pool.manager) == (HandoffState.UNASSIGNED, sales_team.manager)


def test_what_fails_for_the_handoffs_keeps_the_person(
    handoff: Handoff, sales_team: SalesTeam, now: datetime, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the notices could not be written")

    monkeypatch.setattr(notices, "tell", fail)
    with pytest.raises(RuntimeError, match="could not be written"):
        deactivate_user(user=sales_team.mia, now=now + HOUR, actor=None)
    assert User.objects.get(pk=sales_team.mia.pk).is_active


def test_what_came_to_somebody_while_they_left_is_routed_by_the_sweep(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    """A routing that read its members a moment before commits a moment after."""
    User.objects.filter(pk=sales_team.mia.pk).update(is_active=False)
    for _ in range(2):
        sweep_deadlines(now=now + MINUTE)
    handoff.refresh_from_db()
    assert handoff.owner in (sales_team.omar, sales_team.lena)
    assert handoff.events.filter(kind=EventKind.REASSIGNED).count() == 1


def test_many_move_in_as_many_statements_as_one(starter: Version, sales_team: SalesTeam, now: datetime):
    def statements(user: User, count: int) -> int:
        members = PoolMember.objects.filter(pool=sales_team.pool)
        members.update(capacity=200, is_active=False)
        members.filter(user=user).update(is_active=True)
        hand_over(*(convert(lead_of(starter), now) for _ in range(count)), now=now)
        members.filter(user=sales_team.lena).update(is_active=True)
        with CaptureQueriesContext(connection) as queries:
            deactivate_user(user=user, now=now + MINUTE, actor=None)
        assert not Handoff.objects.open().filter(owner=user).exists()
        return len([query for query in queries if "SAVEPOINT" not in query["sql"]])

    assert statements(sales_team.mia, 1) == statements(sales_team.omar, 40)


def test_the_person_page_says_before_what_moves(handoff: Handoff, sales_team: SalesTeam, client: Client):
    client.force_login(UserFactory(role=Role.ADMIN))
    page = client.get(reverse("accounts:person", args=[sales_team.mia.pk])).content.decode()
    assert page.count("1 open handoff goes to somebody else") == 2  # on the page and in the question
    assert what_moves(sales_team.mia) == (
        "1 open handoff goes to somebody else in its pool, or waits for the pool’s manager."
    )
    assert what_moves(sales_team.manager) == "Another manager takes over Inbound."
    assert what_moves(sales_team.lena) == ""
