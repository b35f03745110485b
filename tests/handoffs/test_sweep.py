"""What the passing of time does. Every sweep runs twice: the second one finds nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from agreements.models import Version
from handoffs.models import Breach, Deadline, EventKind, Handoff, HandoffEvent, HandoffState, Pool
from handoffs.services import (
    accept_handoff,
    add_time_off,
    log_attempt,
    reassign_handoffs,
    reject_handoff,
    set_member,
    sweep_deadlines,
    waive_breach,
)
from handoffs.services import sweep as sweeping
from outbox.models import Notice
from tests.factories.handoffs import (
    SalesTeam,
    clock,
    clocks,
    convert,
    excused_handoff,
    hand_over,
    lead_of,
    manual_handoff,
    urgent_handoff,
)

pytestmark = pytest.mark.django_db
HOUR, MINUTE, INSTANT = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)


@pytest.fixture
def handoff(starter: Version, sales_team: SalesTeam, now: datetime) -> Handoff:
    """Mia's: remind accepting at :30, due at 1 h, escalate at 2 h, reassign at 5 h; attempt due at 2 h."""
    return urgent_handoff(starter, now, first_name="Ada", last_name="King")


def sweep(now: datetime, **options: Any) -> int:
    """Sweep twice; the second time nothing is left."""
    acted = sweep_deadlines(now=now, **options)
    before = facts()
    assert sweep_deadlines(now=now, **options) == 0
    assert facts() == before
    return acted


def facts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Breach, HandoffEvent, Notice, Deadline))


def kinds_of(handoff: Handoff) -> list[str]:
    return list(HandoffEvent.objects.filter(handoff=handoff).order_by("pk").values_list("kind", flat=True))


def told(user: Any) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("title", flat=True))


# --- One deadline through its life --------------------------------------------------------------------------------


def test_before_the_first_instant_nothing_happens(handoff: Handoff, now: datetime):
    assert sweep(now + 30 * MINUTE) == 0


def test_a_reminder(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    assert sweep(now + 30 * MINUTE + INSTANT) == 1
    assert kinds_of(handoff) == ["created", "assigned", "reminded"]
    assert told(sales_team.mia)[-1] == "Accept due 2 Nov 11:30: Ada King"
    assert clock(handoff, "accept").next_action_at == now + HOUR


def test_what_was_waived_is_neither_escalated_nor_moved(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    handoff, waived_at = excused_handoff(starter, sales_team, now)
    before = facts()
    assert sweep(waived_at + timedelta(days=30)) == 0
    assert facts() == before
    assert clock(handoff, "next_attempt").outcome == "open"


def test_what_was_waived_before_nothing_followed_from_it_rests_after_the_upgrade(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    excused, _ = excused_handoff(starter, sales_team, now)
    missed = manual_handoff(starter, now, sales_team.manager, sales_team.mia)
    Deadline.objects.open().update(next_action_at=F("escalate_at"))

    with connection.cursor() as cursor:
        for _again in range(2):
            cursor.execute(import_module("handoffs.migrations.0007_waived_clocks_rest").REST)

    pending = Deadline.objects.open().filter(next_action_at__isnull=False)
    assert clock(excused, "next_attempt").next_action_at is None
    assert set(pending.values_list("handoff", flat=True)) == {missed.pk}
    assert pending.count() == Deadline.objects.open().filter(handoff=missed).count()


def test_a_waived_clock_does_not_stop_the_other_one(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    sweep(now + HOUR + INSTANT)
    waive_breach(
        breach_id=Breach.objects.get().pk, reason="Power cut", now=now + HOUR, actor=sales_team.manager
    )
    sweep(now + 2 * HOUR + INSTANT)
    assert set(Breach.objects.values_list("kind", flat=True)) == {"accept", "first_attempt"}
    assert EventKind.ESCALATED not in kinds_of(handoff)


def test_at_the_due_instant_nothing_is_missed(handoff: Handoff, now: datetime):
    sweep(now + HOUR)
    assert not Breach.objects.exists()


def test_a_breach_is_recorded_once_against_whom_it_bound(
    handoff: Handoff, starter: Version, sales_team: SalesTeam, now: datetime
):
    sweep(now + HOUR + INSTANT)
    breach = Breach.objects.get()
    assert (
        breach.deadline,
        breach.handoff,
        breach.kind,
        breach.owner,
        breach.team,
        breach.version,
        breach.clause_key,
        breach.due_at,
        breach.recorded_at,
    ) == (
        clock(handoff, "accept"),
        handoff,
        "accept",
        sales_team.mia,
        sales_team.team,
        starter,
        "response-urgent",
        now + HOUR,
        now + HOUR + INSTANT,
    )
    assert clock(handoff, "accept").outcome == "open"
    missed = Notice.objects.get(user=sales_team.mia, title__startswith="Accept missed")
    assert missed.body == "§4.4 Urgent response"


def test_work_after_a_breach_is_met_late_and_the_breach_stays(handoff: Handoff, now: datetime):
    sweep(now + HOUR + MINUTE)
    accept_handoff(handoff_id=handoff.pk, now=now + 80 * MINUTE, actor=handoff.owner)
    assert clocks(handoff)["accept"] == "met_late"
    assert Breach.objects.count() == 1


def test_an_escalation_tells_the_manager_of_the_team_loudly(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    sweep(now + 2 * HOUR + INSTANT)
    notice = Notice.objects.get(user=sales_team.manager)
    assert (notice.title, notice.urgent) == ("Mia is late: Accept, due 2 Nov 11:30: Ada King", True)
    event = HandoffEvent.objects.get(kind=EventKind.ESCALATED)
    assert event.data["to"] == sales_team.manager.pk


def test_an_escalation_without_a_team_tells_the_manager_of_the_pool(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    sales_team.mia.team = None
    sales_team.mia.save()
    sweep(now + 2 * HOUR + INSTANT)
    assert Notice.objects.filter(user=sales_team.manager, urgent=True).count() == 1
    assert Breach.objects.filter(team=None).count() == 2


def test_what_nobody_accepts_goes_to_somebody_else(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    at = now + 5 * HOUR + MINUTE
    sweep(at)
    handoff.refresh_from_db()
    assert (handoff.owner, handoff.state, handoff.assigned_at) == (
        sales_team.omar,
        HandoffState.OFFERED,
        at,
    )
    rows = Deadline.objects.filter(handoff=handoff).order_by("pk")
    assert [(row.kind, row.owner, row.outcome) for row in rows] == [
        ("accept", sales_team.mia, "cancelled"),
        ("first_attempt", sales_team.mia, "cancelled"),
        ("accept", sales_team.omar, "open"),
        ("first_attempt", sales_team.omar, "open"),
    ]
    moved = HandoffEvent.objects.filter(kind=EventKind.REASSIGNED).get()
    assert (moved.clause_key, moved.actor, moved.data) == (
        "response-urgent",
        None,
        {"from": sales_team.mia.pk, "to": sales_team.omar.pk},
    )
    assert told(sales_team.mia)[-1] == "Ada King is no longer yours"
    assert told(sales_team.omar) == ["Ada King is yours: accept by 2 Nov 16:31"]


def test_everything_is_done_in_order_after_hours_of_standstill(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    sweep(now + timedelta(days=2))
    assert kinds_of(handoff) == [
        "created",
        "assigned",
        "escalated",
        "escalated",
        "reassigned",
    ]
    assert sorted(Breach.objects.values_list("kind", "owner__name")) == [
        ("accept", "Mia"),
        ("first_attempt", "Mia"),
    ]


@pytest.mark.parametrize("act", [log_attempt, reject_handoff])
def test_what_was_done_between_the_look_and_the_lock_moves_nothing(
    handoff: Handoff, sales_team: SalesTeam, now: datetime, monkeypatch: pytest.MonkeyPatch, act: Any
):
    late = now + timedelta(days=2)
    claim = sweeping._claim

    def claim_then_act(statement: str, **values: Any) -> list[int]:
        claimed = claim(statement, **values)
        if statement is sweeping.DUE_TO_MOVE and claimed:
            asked = (
                {"channel": "phone", "outcome": "voicemail"}
                if act is log_attempt
                else {"reason_key": "reject-duplicate"}
            )
            act(handoff_id=handoff.pk, now=late, actor=sales_team.mia, **asked)
        return claimed

    monkeypatch.setattr(sweeping, "_claim", claim_then_act)
    sweep_deadlines(now=late)
    handoff.refresh_from_db()
    assert handoff.owner_id == sales_team.mia.pk
    assert handoff.state == (HandoffState.ACCEPTED if act is log_attempt else HandoffState.REJECTED)
    assert "reassigned" not in kinds_of(handoff)


def test_it_goes_round_until_everybody_let_it_lie_and_then_to_the_manager(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    owners = []
    for days in range(1, 6):
        sweep(now + timedelta(days=days))
        handoff.refresh_from_db()
        owners.append(handoff.owner)
    assert owners == [sales_team.omar, sales_team.lena, None, None, None]
    assert handoff.state == HandoffState.UNASSIGNED
    assert clock(handoff, "assign").owner == sales_team.manager
    assert set(Breach.objects.filter(kind="accept").values_list("owner__name", flat=True)) == {
        "Mia",
        "Omar",
        "Lena",
    }
    assert Breach.objects.filter(kind="assign").count() == 1


def test_a_missed_next_attempt_escalates_and_moves_nothing(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    log_attempt(handoff_id=handoff.pk, channel="phone", outcome="no_answer", now=now, actor=sales_team.mia)
    sweep(now + timedelta(days=20))
    handoff.refresh_from_db()
    assert handoff.owner == sales_team.mia
    assert list(Breach.objects.values_list("kind", "clause_key")) == [("next_attempt", "urgent-2")]


def test_a_clock_that_was_stopped_is_left_alone(handoff: Handoff, now: datetime):
    reject_handoff(handoff_id=handoff.pk, reason_key="reject-duplicate", now=now, actor=handoff.owner)
    assert sweep(now + timedelta(days=9)) == 0
    assert not Breach.objects.exists()


# --- Waiting for an owner -----------------------------------------------------------------------------------------


def test_waiting_handoffs_are_given_out_when_room_comes(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    sales_team.only(sales_team.mia, now=now, capacity=1)
    hand_over(*(convert(lead_of(starter), now) for _ in range(3)), now=now)
    assert sorted(Handoff.objects.values_list("state", flat=True)) == ["offered", "unassigned", "unassigned"]
    sweep(now + MINUTE)
    assert Handoff.objects.filter(state="unassigned").count() == 2

    mine = Handoff.objects.get(owner=sales_team.mia)
    reject_handoff(handoff_id=mine.pk, reason_key="reject-duplicate", now=now, actor=sales_team.mia)
    sweep(now + 2 * MINUTE)
    second = Handoff.objects.get(owner=sales_team.mia, state="offered")
    assert clocks(second) == {"assign": "met", "accept": "open", "first_attempt": "open"}
    assert clock(second, "assign").took == 2 * MINUTE
    assert Handoff.objects.filter(state="unassigned").count() == 1


def test_waiting_handoffs_are_given_out_when_time_off_ends(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    for rep in sales_team.reps:
        add_time_off(user_id=rep.pk, starts_at=now - HOUR, ends_at=now + HOUR, now=now, actor=None)
    handoff = urgent_handoff(starter, now)
    assert (handoff.owner, clock(handoff, "assign").owner) == (None, sales_team.manager)
    assert told(sales_team.manager)[-1].startswith("Ada King")
    sweep(now + HOUR - INSTANT)
    handoff.refresh_from_db()
    assert handoff.owner is None
    sweep(now + HOUR)
    handoff.refresh_from_db()
    assert handoff.owner == sales_team.mia


def test_waiting_handoffs_go_urgent_and_old_ones_first(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    from tests.factories.handoffs import qualify_by_score

    sales_team.only(now=now)
    [by_score] = qualify_by_score(lead_of(starter), now=now)
    first = urgent_handoff(starter, now + MINUTE)
    second = urgent_handoff(starter, now + 2 * MINUTE)
    sales_team.only(sales_team.lena, now=now, capacity=2)
    sweep(now + 3 * MINUTE)
    assert set(Handoff.objects.filter(owner=sales_team.lena)) == {first, second}
    by_score.refresh_from_db()
    assert by_score.owner is None


def test_a_missed_assignment_is_the_managers_breach(starter: Version, sales_team: SalesTeam, now: datetime):
    sales_team.only(now=now)
    handoff = urgent_handoff(starter, now)
    sweep(now + 2 * HOUR + MINUTE)
    assert [(row.kind, row.owner) for row in Breach.objects.all()] == [("assign", sales_team.manager)]
    reassign_handoffs(
        handoff_ids=[handoff.pk],
        to_user_id=sales_team.mia.pk,
        now=now + 3 * HOUR,
        actor=sales_team.manager,
    )
    assert clocks(handoff)["assign"] == "met_late"


def test_a_person_let_it_lie_does_not_get_it_back_by_turn(
    handoff: Handoff, sales_team: SalesTeam, now: datetime
):
    sales_team.only(sales_team.mia, now=now)
    sweep(now + timedelta(days=1))
    handoff.refresh_from_db()
    assert handoff.state == HandoffState.UNASSIGNED
    set_member(pool_id=sales_team.pool.pk, user_id=sales_team.lena.pk, is_active=True, now=now, actor=None)
    sweep(now + timedelta(days=1, minutes=1))
    handoff.refresh_from_db()
    assert handoff.owner == sales_team.lena


def test_what_everybody_let_lie_keeps_nobody_from_their_turn(
    starter: Version, sales_team: SalesTeam, now: datetime, monkeypatch: pytest.MonkeyPatch
):
    sales_team.only(sales_team.mia, now=now)
    lain = many(starter, 3, now)
    sweep(now + timedelta(days=1))
    assert Handoff.objects.filter(state="unassigned").count() == 3
    back = now + timedelta(days=1, hours=1)
    add_time_off(
        user_id=sales_team.mia.pk, starts_at=back - 2 * HOUR, ends_at=back, now=back - HOUR, actor=None
    )
    fresh = urgent_handoff(starter, back - MINUTE)
    assert fresh.owner is None

    claimed = []
    claim = sweeping._claim

    def note(statement: str, **values: Any) -> list[int]:
        found = claim(statement, **values)
        if statement is sweeping.WAITING:
            claimed.append(found)
        return found

    monkeypatch.setattr(sweeping, "_claim", note)
    sweep(back + MINUTE, limit=3)
    fresh.refresh_from_db()
    assert fresh.owner == sales_team.mia
    assert claimed == [[fresh.pk], []]
    assert set(Handoff.objects.filter(state="unassigned")) == set(lain)


def test_whose_miss_was_waived_gets_it_by_turn_again(starter: Version, sales_team: SalesTeam, now: datetime):
    sales_team.only(sales_team.mia, now=now)
    excused, lain = many(starter, 2, now)
    day_later = now + timedelta(days=1)
    sweep(day_later)
    assert Handoff.objects.filter(state="unassigned").count() == 2
    for breach in Breach.objects.filter(handoff=excused, owner=sales_team.mia):
        waive_breach(breach_id=breach.pk, reason="Power cut", now=day_later, actor=sales_team.manager)
    sweep(day_later + MINUTE)
    assert [Handoff.objects.get(pk=each.pk).owner for each in (excused, lain)] == [sales_team.mia, None]


def test_no_more_is_claimed_of_a_pool_than_it_has_room_for(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    sales_team.only(now=now)
    other = Pool.objects.create(slug="other", name="Other", manager=sales_team.manager)
    handoffs = many(starter, 6, now)
    Handoff.objects.filter(pk__in=[each.pk for each in handoffs[3:]]).update(pool=other)
    sales_team.only(sales_team.mia, now=now, capacity=2)
    set_member(pool_id=other.pk, user_id=sales_team.omar.pk, is_active=True, capacity=1, now=now, actor=None)
    sweep(now + MINUTE, limit=3)
    given = Handoff.objects.exclude(owner=None).order_by("owner__name", "created_at", "pk")
    assert [(each.owner.name, each.pk) for each in given if each.owner] == [
        ("Mia", handoffs[0].pk),
        ("Mia", handoffs[1].pk),
        ("Omar", handoffs[3].pk),
    ]


# --- Many ---------------------------------------------------------------------------------------------------------


def many(starter: Version, count: int, now: datetime) -> list[Handoff]:
    return hand_over(*(convert(lead_of(starter), now) for _ in range(count)), now=now)


def statements(now: datetime, limit: int) -> int:
    with CaptureQueriesContext(connection) as queries:
        sweep_deadlines(now=now, limit=limit)
    return len([query for query in queries if "SAVEPOINT" not in query["sql"]])


def test_a_batch_takes_as_many_statements_for_one_as_for_many(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    many(starter, 1, now)
    one = statements(now + HOUR + MINUTE, limit=500)
    many(starter, 60, now + 2 * HOUR)
    sweep_deadlines(now=now + 2 * HOUR)
    assert statements(now + 3 * HOUR + MINUTE, limit=500) == one


def test_batches_of_any_size_do_the_same(starter: Version, sales_team: SalesTeam, now: datetime):
    many(starter, 20, now)
    assert sweep(now + 90 * MINUTE, limit=7) == 40
    assert Breach.objects.filter(kind="accept").count() == 20
    assert HandoffEvent.objects.filter(kind=EventKind.REMINDED).count() == 20


def test_many_at_once_are_told_as_one(starter: Version, sales_team: SalesTeam, now: datetime):
    sales_team.only(sales_team.mia, now=now)
    many(starter, 12, now)
    sweep(now + HOUR + MINUTE)
    assert set(told(sales_team.mia)) == {
        "12 new handoffs are yours",
        "12 deadlines of yours are close",
        "You missed 12 deadlines",
    }


def test_what_is_not_due_costs_nothing(starter: Version, sales_team: SalesTeam, now: datetime):
    many(starter, 50, now)
    assert statements(now, limit=500) <= 4


def test_one_that_cannot_be_acted_on_does_not_hold_the_others_up(
    starter: Version, sales_team: SalesTeam, now: datetime, monkeypatch: pytest.MonkeyPatch
):
    handoffs = many(starter, 9, now)
    poison = handoffs[4].pk
    real = sweeping.record_breaches

    def record(deadline_ids: Sequence[int], *, now: datetime) -> list[int]:
        if Deadline.objects.filter(pk__in=deadline_ids, handoff=poison).exists():
            raise ValueError("poison")
        return real(deadline_ids, now=now)

    monkeypatch.setattr(sweeping, "record_breaches", record)
    sweep_deadlines(now=now + HOUR + MINUTE)
    missed = set(Breach.objects.values_list("handoff", flat=True))
    assert missed == {handoff.pk for handoff in handoffs} - {poison}

    monkeypatch.undo()
    sweep(now + HOUR + 2 * MINUTE)
    assert Breach.objects.count() == 9


# --- The command --------------------------------------------------------------------------------------------------


def test_sweep_command(handoff: Handoff, now: datetime, capsys: pytest.CaptureFixture[str]):
    call_command("sweep", now="2026-11-02T11:45:00+01:00")
    assert capsys.readouterr().out == "Swept as of 2026-11-02T11:45:00+01:00: acted on 2 deadlines.\n"
    assert Breach.objects.get().recorded_at == datetime(2026, 11, 2, 10, 45, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "2026-11-02T11:45:00", "2026-13-02T11:45:00Z", "2026-11-02"])
def test_sweep_command_refuses_what_is_no_instant(text: str):
    with pytest.raises(CommandError, match="is no instant"):
        call_command("sweep", now=text)


def test_sweep_command_refuses_a_database_of_real_promises(
    settings: Any, monkeypatch: pytest.MonkeyPatch, handoff: Handoff
):
    monkeypatch.setitem(connection.settings_dict, "NAME", "sla_portal")
    with pytest.raises(CommandError, match="real promises"):
        call_command("sweep", now="2026-11-02T11:45:00Z")
    assert not Breach.objects.exists()
    settings.DEMO = True
    call_command("sweep", now="2026-11-02T11:45:00Z")
    assert Breach.objects.exists()
