"""What a rep's queue holds, in which section and in which order."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agreements.models import Version
from handoffs.models import Deadline, Handoff
from handoffs.rules import Act
from handoffs.selectors.queue import QueueRow, Section, open_handoffs, queue_of, rows_of, search
from handoffs.services import accept_handoff, disqualify_handoff, log_attempt, snooze_handoff
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
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def only_mia(sales_team: SalesTeam, now: datetime) -> None:
    sales_team.only(sales_team.mia, now=now)


def sections(sales_team: SalesTeam, now: datetime, **more: str) -> dict[str, list[int]]:
    """The ids of Mia's handoffs by section, the empty ones left out."""
    queue = queue_of(sales_team.mia.pk, now=now, tz=BERLIN, **more)
    return {section.value: [row.handoff.pk for row in rows] for section, rows in queue.items() if rows}


def row_of(handoff: Handoff, now: datetime) -> QueueRow:
    [row] = rows_of(open_handoffs().filter(pk=handoff.pk), now=now, tz=BERLIN)
    return row


def test_the_section_follows_the_clock_that_runs_out_first(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    """Handed over by hand at 10:30 in Berlin: to accept by 14:30, reminded before."""
    handoff = manual_handoff(starter, now, sales_team.manager, sales_team.mia)
    clock = row_of(handoff, now).clock
    assert clock is not None
    assert (clock.kind, clock.due_at) == ("accept", now + 4 * HOUR)
    assert clock.remind_at is not None
    seen = [
        (row_of(handoff, at).state, list(sections(sales_team, at)))
        for at in (now, clock.remind_at, clock.due_at - HOUR, clock.due_at, clock.due_at + MINUTE)
    ]
    assert seen == [
        ("today", ["today"]),
        ("due_soon", ["now"]),
        ("due_soon", ["now"]),
        ("due_soon", ["now"]),
        ("overdue", ["now"]),
    ]


def test_from_top_to_bottom_a_queue_is_in_due_order_whatever_reminds_first(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    """One is due at five and was reminded of already; the other is due at half past three and was not."""
    early = manual_handoff(starter, now, sales_team.manager, sales_team.mia)
    late = manual_handoff(starter, now + HOUR, sales_team.manager, sales_team.mia)
    Deadline.objects.filter(handoff=late).update(remind_at=now + HOUR)
    at = now + HOUR + MINUTE
    assert [row_of(each, at).state for each in (early, late)] == ["today", "due_soon"]
    assert sections(sales_team, at) == {"today": [early.pk, late.pk]}


def test_rows_stand_in_due_order_whatever_order_they_came_in(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    slow = manual_handoff(starter, now, sales_team.manager, sales_team.mia)
    late = urgent_handoff(starter, now + MINUTE)
    soon = urgent_handoff(starter, now)
    at = now + MINUTE
    assert sections(sales_team, at) == {"now": [soon.pk, late.pk], "today": [slow.pk]}
    assert sections(sales_team, now + HOUR + 2 * MINUTE)["now"][:2] == [soon.pk, late.pk]


def test_what_was_waived_is_not_late_and_may_be_put_aside(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    excused, at = excused_handoff(starter, sales_team, now)
    assert row_of(excused, at).state == "waived"
    due = urgent_handoff(starter, at)
    assert sections(sales_team, at) == {"now": [due.pk], "today": [excused.pk]}
    snooze_handoff(handoff_id=excused.pk, until=at + HOUR, now=at, actor=sales_team.mia)
    assert sections(sales_team, at) == {"now": [due.pk], "waiting": [excused.pk]}


def test_snoozed_waits_until_the_time_has_come(starter: Version, sales_team: SalesTeam, now: datetime):
    handoff = urgent_handoff(starter, now)
    accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)
    snooze_handoff(handoff_id=handoff.pk, until=now + HOUR, now=now, actor=sales_team.mia)
    assert [list(sections(sales_team, at)) for at in (now, now + HOUR - MINUTE, now + HOUR)] == [
        ["waiting"],
        ["waiting"],
        ["now"],
    ]


def test_an_answer_ends_the_clock_and_the_lead_decides(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    handoff = urgent_handoff(starter, now)
    accept_handoff(handoff_id=handoff.pk, now=now, actor=sales_team.mia)
    log_attempt(
        handoff_id=handoff.pk, channel="phone", outcome="connected", now=now + MINUTE, actor=sales_team.mia
    )
    row = row_of(handoff, now + MINUTE)
    assert (row.clock, row.section, row.to_decide, row.attempt_number) == (None, Section.WAITING, False, 2)


def test_what_ended_or_is_somebody_elses_is_not_there(starter: Version, sales_team: SalesTeam, now: datetime):
    manual_handoff(starter, now, sales_team.manager, sales_team.lena)
    ended = urgent_handoff(starter, now)
    accept_handoff(handoff_id=ended.pk, now=now, actor=sales_team.mia)
    disqualify_handoff(handoff_id=ended.pk, reason_key="disqualify-fake", now=now, actor=sales_team.mia)
    assert sections(sales_team, now) == {}


def test_a_row_says_what_may_be_done_what_comes_next_and_what_is_missing(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    row = row_of(urgent_handoff(starter, now, phone=""), now)
    assert row.trigger is not None
    assert row.step is not None
    assert (row.trigger.key, row.missing, row.steps_total, row.step.channel) == (
        "trigger-demo-request",
        ["phone"],
        5,
        "phone",
    )
    assert Act.ACCEPT in row.acts
    assert not row.is_overdue


def test_search_finds_every_word_in_name_address_or_company(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    ada = urgent_handoff(starter, now, first_name="Ada", last_name="King", email="ada@bar.example")
    urgent_handoff(starter, now, first_name="Ada", last_name="Byron")
    company = ada.lead.company
    assert company is not None
    for words in ("ada king", "KING", "bar.example", f"ada {company.name}"):
        assert sections(sales_team, now, words=words) == {"now": [ada.pk]}, words
    assert sections(sales_team, now, words="ada nobody") == {}
    assert search(open_handoffs(), "").count() == 2


def test_what_nobody_was_free_for_is_in_the_queue_of_the_pools_manager(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    sales_team.only(now=now)
    waiting = urgent_handoff(starter, now)
    manual_handoff(starter, now, sales_team.manager, sales_team.lena)
    queue = queue_of(sales_team.manager.pk, now=now, tz=BERLIN)
    [row] = [row for rows in queue.values() for row in rows]
    assert (row.handoff, row.clock and row.clock.kind, row.section) == (waiting, "assign", Section.TODAY)
    assert sections(sales_team, now) == {}


def test_a_queue_takes_three_statements_for_one_and_for_many(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    def statements(count: int) -> int:
        hand_over(*(convert(lead_of(starter), now) for _ in range(count)), now=now)
        with CaptureQueriesContext(connection) as queries:
            sections(sales_team, now)
        return len(queries)

    statements(1)  # reads the agreement's terms
    assert (statements(1), statements(12)) == (3, 3)
