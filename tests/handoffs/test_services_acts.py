"""Accepting, snoozing, attempts: which clock stops, which starts, what stays on record."""

from datetime import UTC, datetime, timedelta

import pytest

from agreements.models import Version
from agreements.services import create_calendar, revise_calendar
from handoffs.models import (
    Attempt,
    Breach,
    Channel,
    Deadline,
    DeadlineKind,
    DeadlineOutcome,
    EventKind,
    Handoff,
    HandoffState,
    Outcome,
    Pool,
    PoolMember,
)
from handoffs.services import (
    AlreadyOverdue,
    AttemptOutOfTime,
    HandoffNotOpen,
    KeyTaken,
    NotYourHandoff,
    SnoozeOutOfTime,
    accept_handoff,
    log_attempt,
    reassign_handoffs,
    reject_handoff,
    snooze_handoff,
)
from tests.factories.accounts import UserFactory
from tests.factories.agreements import active_version, starter_content
from tests.factories.handoffs import SalesTeam, clock, clocks, urgent_handoff

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def handoff(starter: Version, sales_team: SalesTeam, now: datetime) -> Handoff:
    """Mia's, urgent: accept within one hour, attempt within two."""
    return urgent_handoff(starter, now)


def attempt(handoff: Handoff, logged_at: datetime, **fields: object) -> Attempt:
    values = {
        "channel": Channel.PHONE,
        "outcome": Outcome.NO_ANSWER,
        "now": logged_at,
        "actor": handoff.owner,
    }
    return log_attempt(handoff_id=handoff.pk, **{**values, **fields})  # type: ignore[arg-type]


# --- Accepting ----------------------------------------------------------------------------------------------------


def test_accept_in_time(handoff: Handoff, now: datetime):
    accepted = accept_handoff(handoff_id=handoff.pk, now=now + 30 * MINUTE, actor=handoff.owner)
    deadline = clock(handoff, DeadlineKind.ACCEPT)
    assert (accepted.state, accepted.accepted_at) == (HandoffState.ACCEPTED, now + 30 * MINUTE)
    assert (deadline.outcome, deadline.ended_at, deadline.took, deadline.next_action_at) == (
        DeadlineOutcome.MET,
        now + 30 * MINUTE,
        30 * MINUTE,
        None,
    )
    assert clocks(handoff) == {"accept": "met", "first_attempt": "open"}
    assert not Breach.objects.exists()


def test_accept_at_the_due_instant_is_in_time(handoff: Handoff, now: datetime):
    accept_handoff(handoff_id=handoff.pk, now=now + HOUR, actor=handoff.owner)
    assert clocks(handoff)["accept"] == "met"


def test_accept_late_records_the_breach_that_no_sweep_saw(handoff: Handoff, now: datetime):
    accept_handoff(handoff_id=handoff.pk, now=now + HOUR + MINUTE, actor=handoff.owner)
    breach = Breach.objects.get()
    assert clocks(handoff)["accept"] == "met_late"
    assert (breach.kind, breach.owner, breach.team, breach.due_at, breach.recorded_at, breach.clause_key) == (
        DeadlineKind.ACCEPT,
        handoff.owner,
        handoff.owner.team,
        now + HOUR,
        now + HOUR + MINUTE,
        "response-urgent",
    )


def test_accept_again_changes_nothing(handoff: Handoff, now: datetime):
    accept_handoff(handoff_id=handoff.pk, now=now, actor=handoff.owner)
    again = accept_handoff(handoff_id=handoff.pk, now=now + HOUR, actor=handoff.owner)
    assert again.accepted_at == now
    assert handoff.events.filter(kind=EventKind.ACCEPTED).count() == 1


def test_accept_somebody_elses_is_refused(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    with pytest.raises(NotYourHandoff, match="This handoff is Mia’s"):
        accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.omar)
    assert clocks(handoff)["accept"] == "open"


def test_a_manager_may_accept_for_a_rep(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    accepted = accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.manager)
    assert (accepted.state, accepted.owner) == (HandoffState.ACCEPTED, sales_team.mia)


def test_accept_what_has_ended_is_refused(handoff: Handoff, now: datetime):
    reject_handoff(handoff_id=handoff.pk, reason_key="reject-duplicate", now=now, actor=handoff.owner)
    with pytest.raises(HandoffNotOpen, match="Rejected"):
        accept_handoff(handoff_id=handoff.pk, now=now, actor=handoff.owner)


# --- Snoozing -----------------------------------------------------------------------------------------------------


def test_snooze_until_the_clock_runs_out_at_the_latest(handoff: Handoff, now: datetime):
    accept_handoff(handoff_id=handoff.pk, now=now, actor=handoff.owner)
    snoozed = snooze_handoff(handoff_id=handoff.pk, until=now + 2 * HOUR, now=now, actor=handoff.owner)
    assert snoozed.snoozed_until == now + 2 * HOUR
    assert clock(handoff, "first_attempt").due_at == now + 2 * HOUR
    for until in (now, now - HOUR, now + 2 * HOUR + MINUTE):
        with pytest.raises(SnoozeOutOfTime):
            snooze_handoff(handoff_id=handoff.pk, until=until, now=now, actor=handoff.owner)


def test_snooze_what_is_overdue_is_refused(handoff: Handoff, now: datetime):
    accept_handoff(handoff_id=handoff.pk, now=now, actor=handoff.owner)
    with pytest.raises(AlreadyOverdue):
        snooze_handoff(handoff_id=handoff.pk, until=now + 5 * HOUR, now=now + 3 * HOUR, actor=handoff.owner)


# --- Attempts -----------------------------------------------------------------------------------------------------


def test_first_attempt_accepts_stops_its_clock_and_starts_the_next(
    handoff: Handoff, starter: Version, now: datetime
):
    logged = attempt(handoff, now + 40 * MINUTE, note="Rang twice")
    handoff.refresh_from_db()
    assert (logged.number, logged.at, logged.recorded_at, logged.user) == (
        1,
        now + 40 * MINUTE,
        now + 40 * MINUTE,
        handoff.owner,
    )
    assert (handoff.state, handoff.accepted_at, handoff.first_attempt_at, handoff.attempts_made) == (
        HandoffState.ACCEPTED,
        now + 40 * MINUTE,
        now + 40 * MINUTE,
        1,
    )
    assert clocks(handoff) == {"accept": "met", "first_attempt": "met", "next_attempt": "open"}
    following = clock(handoff, "next_attempt")
    assert (following.step, following.clause_key, following.started_at) == (2, "urgent-2", logged.at)
    assert following.reassign_at is None


def test_attempts_walk_the_cadence_to_its_end(handoff: Handoff, now: datetime):
    """Five steps: as many clocks as steps, none after the last."""
    at = now
    for _ in range(5):
        attempt(handoff, at)
        at += MINUTE
    steps = Deadline.objects.filter(handoff=handoff, step__gt=0).order_by("step")
    assert [(row.step, row.kind, row.outcome) for row in steps] == [
        (1, "first_attempt", "met"),
        (2, "next_attempt", "met"),
        (3, "next_attempt", "met"),
        (4, "next_attempt", "met"),
        (5, "next_attempt", "met"),
    ]
    assert not Deadline.objects.open().exists()
    assert attempt(handoff, at).number == 6


@pytest.mark.parametrize("outcome", [Outcome.CONNECTED, Outcome.MEETING_BOOKED, Outcome.REPLIED])
def test_an_answer_ends_the_cadence(outcome: Outcome, handoff: Handoff, now: datetime):
    attempt(handoff, now + MINUTE, outcome=outcome)
    handoff.refresh_from_db()
    assert (handoff.answered_at, handoff.state) == (now + MINUTE, HandoffState.ACCEPTED)
    assert not Deadline.objects.open().exists()
    attempt(handoff, now + 2 * MINUTE)
    assert not Deadline.objects.open().exists()


def test_attempt_of_the_past_is_in_time_by_its_instant(handoff: Handoff, now: datetime):
    """Called in time, logged late: met, and the breach that had been recorded by then stays on record."""
    attempt(handoff, now + 3 * HOUR, at=now + 90 * MINUTE)
    first = clock(handoff, "first_attempt")
    assert (first.outcome, first.ended_at, first.took) == ("met", now + 90 * MINUTE, 90 * MINUTE)
    assert clocks(handoff)["accept"] == "met_late"
    assert set(Breach.objects.values_list("kind", flat=True)) == {"accept", "first_attempt"}


def test_attempt_after_the_due_instant_is_met_late(handoff: Handoff, now: datetime):
    accept_handoff(handoff_id=handoff.pk, now=now, actor=handoff.owner)
    attempt(handoff, now + 2 * HOUR + MINUTE)
    assert clocks(handoff)["first_attempt"] == "met_late"
    assert Breach.objects.get().kind == "first_attempt"


def test_attempt_earlier_than_the_last_one_moves_no_clock_back(handoff: Handoff, now: datetime):
    attempt(handoff, now + HOUR)
    attempt(handoff, now + 65 * MINUTE, at=now + 10 * MINUTE)
    handoff.refresh_from_db()
    assert (handoff.first_attempt_at, handoff.last_attempt_at) == (now + 10 * MINUTE, now + HOUR)
    second, third = Deadline.objects.filter(handoff=handoff, kind="next_attempt").order_by("step")
    assert (second.took, third.step, third.started_at) == (timedelta(0), 3, now + HOUR)


@pytest.mark.parametrize("minutes", [-2, 6])
def test_attempt_out_of_time_is_refused(minutes: int, handoff: Handoff, now: datetime):
    with pytest.raises(AttemptOutOfTime, match="2 Nov 09:30"):
        attempt(handoff, now + 5 * MINUTE, at=now + minutes * MINUTE)


def test_attempt_in_the_minute_of_assignment_counts_from_the_assignment(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    """Forms say the minute."""
    handoff = urgent_handoff(starter, now.replace(second=40))
    logged = attempt(handoff, now + MINUTE, at=now)
    assert logged.at == now.replace(second=40)


def test_attempt_repeated_under_its_key_is_the_same(handoff: Handoff, now: datetime):
    first = attempt(handoff, now + MINUTE, key="crm-77")
    again = attempt(handoff, now + HOUR, key="crm-77")
    handoff.refresh_from_db()
    assert (again, handoff.attempts_made) == (first, 1)


def test_attempt_repeated_under_its_key_after_the_end_is_the_same(handoff: Handoff, now: datetime):
    first = attempt(handoff, now + MINUTE, key="crm-77")
    Handoff.objects.filter(pk=handoff.pk).update(state=HandoffState.RETURNED)
    assert attempt(handoff, now + HOUR, key="crm-77") == first


def test_attempt_under_a_key_of_another_handoff_is_refused(
    handoff: Handoff, starter: Version, sales_team: SalesTeam, now: datetime
):
    attempt(handoff, now, key="crm-77")
    other = urgent_handoff(starter, now)
    with pytest.raises(KeyTaken, match="crm-77"):
        attempt(other, now, key="crm-77")
    other.refresh_from_db()
    assert (other.attempts_made, other.state) == (0, HandoffState.OFFERED)


def test_attempt_on_somebody_elses_handoff_is_refused(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    with pytest.raises(NotYourHandoff):
        attempt(handoff, now, actor=sales_team.lena)


def test_attempt_by_a_manager_counts_for_the_manager(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    assert attempt(handoff, now, actor=sales_team.manager).user == sales_team.manager


# --- Calendars ----------------------------------------------------------------------------------------------------


def test_clocks_follow_the_members_calendar_then_the_pools_then_the_agreements(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    week = {day: [["06:00", "10:00"]] for day in ("mon", "tue", "wed")}
    early = create_calendar(slug="early", name="Early", zone="UTC", week=week, now=now, actor=None)
    always = create_calendar(slug="always", name="Always", zone="UTC", always_open=True, now=now, actor=None)
    Pool.objects.filter(pk=sales_team.pool.pk).update(calendar=always)
    PoolMember.objects.filter(user=sales_team.mia).update(calendar=early)

    mine, theirs = urgent_handoff(starter, now), urgent_handoff(starter, now)
    assert (mine.owner, theirs.owner) == (sales_team.mia, sales_team.omar)
    assert clock(mine, "accept").due_at == datetime(2026, 11, 3, 6, 30, tzinfo=UTC)
    assert clock(mine, "accept").calendar.calendar == early
    assert clock(theirs, "accept").calendar.calendar == always


def test_a_running_clock_keeps_its_instants_when_calendar_and_agreement_change(
    handoff: Handoff, starter: Version, sales_team: SalesTeam, now: datetime
):
    """Law 3: pinned to the version and the calendar revision in force when it started."""
    before = list(Deadline.objects.order_by("pk").values())
    revise_calendar(
        calendar=starter.agreement.calendar, zone="UTC", always_open=True, now=now + MINUTE, actor=None
    )
    content = starter_content()
    newer = active_version(
        content | {"version": content["version"] | {"title": "The second"}}, now=now + 2 * MINUTE
    )
    assert list(Deadline.objects.order_by("pk").values()) == before

    attempt(handoff, now + 30 * MINUTE)
    following = clock(handoff, "next_attempt")
    assert following.version == starter != newer
    assert following.calendar.number == 2


def test_reassigned_work_goes_on_at_the_next_step(handoff: Handoff, sales_team: SalesTeam, now: datetime):
    attempt(handoff, now + MINUTE)
    reassign_handoffs(
        handoff_ids=[handoff.pk], to_user_id=sales_team.lena.pk, now=now + HOUR, actor=sales_team.manager
    )
    open_clocks = Deadline.objects.open().filter(handoff=handoff).order_by("kind")
    assert [(row.kind, row.step, row.owner, row.started_at) for row in open_clocks] == [
        ("accept", 0, sales_team.lena, now + HOUR),
        ("next_attempt", 2, sales_team.lena, now + HOUR),
    ]


def test_nobody_from_outside_sales_works_a_handoff(handoff: Handoff, now: datetime):
    with pytest.raises(NotYourHandoff):
        attempt(handoff, now, actor=UserFactory(leadership=True))
