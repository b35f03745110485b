"""What the board counts and lists, and how each rep stands."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agreements.models import Version
from handoffs.models import Pool, PoolMember
from handoffs.selectors.board import Kept, Load, Scope, Show, figures, listed, rep_lines, shown
from handoffs.services import (
    accept_handoff,
    add_time_off,
    dispute_ending,
    log_attempt,
    reject_handoff,
    sweep_deadlines,
)
from tests.factories.handoffs import (
    SalesTeam,
    convert,
    excused_handoff,
    hand_over,
    lead_of,
    manual_handoff,
    urgent_handoff,
)

pytestmark = pytest.mark.django_db
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
ALL = Scope()


def counted(now: datetime, scope: Scope = ALL) -> dict[str, int]:
    """The figures that are not nought."""
    return {show.value: count for show, count in figures(scope, now=now, tz=BERLIN).items() if count}


def test_an_empty_board_counts_nothing(starter: Version, sales_team: SalesTeam, now: datetime):
    assert figures(ALL, now=now, tz=BERLIN) == dict.fromkeys(Show, 0)


def test_a_handoff_left_alone_comes_into_every_figure_in_its_time(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    sales_team.only(sales_team.mia, now=now)
    urgent_handoff(starter, now)
    after = (timedelta(0), HOUR + MINUTE, DAY + MINUTE, 14 * DAY + MINUTE)
    seen = []
    for at in (now + each for each in after):
        seen.append(counted(at))
        if at == now + HOUR + MINUTE:
            sweep_deadlines(now=at)
            seen.append(counted(at))
    assert seen == [
        {"open": 1},
        {"risk": 1, "open": 1},
        {"risk": 1, "breached": 1, "open": 1},
        {"risk": 1, "untouched": 1, "open": 1},
        {"risk": 1, "untouched": 1, "too_few": 1, "open": 1},
    ]


def test_breached_today_ends_at_the_viewers_midnight(starter: Version, sales_team: SalesTeam, now: datetime):
    urgent_handoff(starter, now)
    sweep_deadlines(now=now + HOUR + MINUTE)
    midnight = datetime(2026, 11, 3, 0, 0, tzinfo=BERLIN)
    for at, count in ((midnight - MINUTE, 1), (midnight, 0)):
        assert shown(Show.BREACHED, ALL, now=at, tz=BERLIN).count() == count


def test_an_answer_is_enough_whatever_number_of_attempts(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    handoff = manual_handoff(starter, now, sales_team.manager, sales_team.mia)
    accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)
    late = now + 15 * DAY
    assert counted(late).get("too_few") == 1
    log_attempt(
        handoff_id=handoff.pk, channel="email", outcome="replied", now=now + HOUR, actor=sales_team.mia
    )
    assert counted(late).get("too_few") is None


def test_waiting_and_disputed_have_their_figures(starter: Version, sales_team: SalesTeam, now: datetime):
    rejected = manual_handoff(starter, now, sales_team.manager, sales_team.mia)
    reject_handoff(handoff_id=rejected.pk, reason_key="reject-duplicate", now=now, actor=sales_team.mia)
    dispute_ending(handoff_id=rejected.pk, note="It is none", now=now, actor=sales_team.marketing)
    sales_team.only(now=now)
    urgent_handoff(starter, now)
    assert counted(now) == {"unassigned": 1, "disputed": 1, "open": 1}


def test_a_scope_looks_at_one_pool_or_one_person(starter: Version, sales_team: SalesTeam, now: datetime):
    for user in (sales_team.mia, sales_team.mia, sales_team.lena):
        manual_handoff(starter, now, sales_team.manager, user)
    other = Pool.objects.create(slug="other", name="Other", manager=sales_team.manager)
    scopes = (Scope(owner_id=sales_team.mia.pk), Scope(pool_id=sales_team.pool.pk), Scope(pool_id=other.pk))
    assert [counted(now, scope) for scope in scopes] == [{"open": 2}, {"open": 3}, {}]


@pytest.mark.parametrize("show", Show)
def test_each_list_holds_as_many_as_its_figure_says(
    show: Show, starter: Version, sales_team: SalesTeam, now: datetime
):
    hand_over(*(convert(lead_of(starter), now) for _ in range(3)), now=now)
    sweep_deadlines(now=now + HOUR + MINUTE)
    at = now + 2 * HOUR
    assert listed(show, ALL, now=at, tz=BERLIN).count() == figures(ALL, now=at, tz=BERLIN)[show]


def test_what_is_due_first_stands_on_top(starter: Version, sales_team: SalesTeam, now: datetime):
    slow = manual_handoff(starter, now, sales_team.manager, sales_team.mia)
    soon = urgent_handoff(starter, now)
    assert list(listed(Show.OPEN, ALL, now=now, tz=BERLIN)) == [soon, slow]


def test_rep_lines_say_load_what_was_kept_and_who_is_away(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    """Mia accepted in time and called after half an hour; Omar let his lie; Lena has nothing and is away."""
    sales_team.only(sales_team.mia, now=now)
    kept = urgent_handoff(starter, now)
    accept_handoff(handoff_id=kept.pk, now=now, actor=sales_team.mia)
    log_attempt(
        handoff_id=kept.pk,
        channel="phone",
        outcome="connected",
        now=now + HOUR / 2,
        actor=sales_team.mia,
    )
    manual_handoff(starter, now, sales_team.manager, sales_team.omar)
    PoolMember.objects.update(is_active=True)
    back = now + 9 * DAY
    add_time_off(user_id=sales_team.lena.pk, starts_at=now, ends_at=back, now=now, actor=None)
    at = now + 4 * HOUR + MINUTE
    sweep_deadlines(now=at)
    lines = rep_lines(ALL, now=at, tz=BERLIN)
    assert [(line.user, line.capacity, line.load, line.away_until) for line in lines] == [
        (sales_team.omar, 30, Load(open=1, due_today=0, late=1), None),
        (sales_team.lena, 30, Load(), back),
        (sales_team.mia, 30, Load(open=1, due_today=0, late=0), None),
    ]
    of = {line.user: line.kept for line in rep_lines(ALL, now=now + 2 * DAY, tz=BERLIN)}
    assert of[sales_team.lena] == Kept()
    assert of[sales_team.omar].met_share == 0.0
    assert of[sales_team.mia].response == HOUR / 2


def test_who_takes_no_more_handoffs_is_seen_while_holding_some(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    manual_handoff(starter, now, sales_team.manager, sales_team.lena)
    other = Pool.objects.create(slug="other", name="Other", manager=sales_team.manager)
    sales_team.only(sales_team.mia, now=now)
    scopes = (ALL, Scope(pool_id=sales_team.pool.pk), Scope(pool_id=other.pk))
    seen = [
        {line.user: (line.capacity, line.load.open) for line in rep_lines(scope, now=now, tz=BERLIN)}
        for scope in scopes
    ]
    both = {sales_team.mia: (30, 0), sales_team.lena: (None, 1)}
    assert seen == [both, both, {}]


def test_what_was_waived_counts_neither_as_late_nor_as_missed(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    sales_team.only(sales_team.mia, now=now)
    _excused, at = excused_handoff(starter, sales_team, now)
    assert counted(at) == {"breached": 1, "open": 1}
    [line] = rep_lines(ALL, now=at, tz=BERLIN)
    assert (line.load, line.kept.met_share) == (Load(open=1), 1.0)


def test_the_board_takes_as_many_statements_for_many_as_for_one(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    def statements(count: int) -> tuple[int, int]:
        hand_over(*(convert(lead_of(starter), now) for _ in range(count)), now=now)
        with CaptureQueriesContext(connection) as counting:
            figures(ALL, now=now, tz=BERLIN)
        with CaptureQueriesContext(connection) as lining:
            rep_lines(ALL, now=now, tz=BERLIN)
        return len(counting), len(lining)

    statements(1)
    assert statements(1) == statements(12)
