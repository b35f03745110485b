"""Many at once, over real connections: never two owners, never over capacity, no breach twice, none lost."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.models import F
from django.utils import timezone

from agreements.models import Version
from handoffs.models import Attempt, Breach, Deadline, EventKind, Handoff, HandoffEvent
from handoffs.services import (
    Refused,
    accept_handoff,
    hand_over_scored,
    log_attempt,
    qualify_handoff,
    reassign_handoffs,
    reject_handoff,
    sweep_deadlines,
)
from outbox.models import Channel, Message, Notice
from sla_portal.celery import app
from tests.factories.handoffs import SalesTeam, clock, convert, hand_over, lead_of, urgent_handoff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.outside]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def at_once(*acts: Callable[[], Any]) -> list[Exception]:
    """Run each act in a thread with a connection of its own, all beginning together; what they raised."""
    barrier, raised = Barrier(len(acts)), list[Exception]()

    def run(act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            act()
        except Exception as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def consistent() -> None:
    """What must hold whatever happened."""
    assert not Deadline.objects.open().exclude(owner=F("handoff__owner")).exclude(kind="assign").exists()
    assert not Deadline.objects.open().filter(kind="assign", handoff__owner__isnull=False).exists()
    assert max(Counter(Handoff.objects.open().values_list("lead", flat=True)).values(), default=0) <= 1
    told = Message.objects.filter(channel=Channel.IN_APP).values_list("dedup_key", flat=True)
    assert len(told) == len(set(told)) == Notice.objects.count()


# --- Creating and routing -----------------------------------------------------------------------------------------


def test_nobody_gets_more_than_the_own_capacity(starter: Version, sales_team: SalesTeam, now: datetime):
    sales_team.only(*sales_team.reps, now=now, capacity=4)
    batches = [[convert(lead_of(starter), now).pk for _ in range(3)] for _ in range(8)]
    assert (
        at_once(
            *(
                lambda ids=ids: hand_over_scored(activity_ids=ids, qualified_ids=[], now=now, actor=None)
                for ids in batches
            )
        )
        == []
    )
    assert Counter(Handoff.objects.values_list("owner__name", flat=True)) == {
        "Mia": 4,
        "Omar": 4,
        "Lena": 4,
        None: 12,
    }
    consistent()


def test_a_lead_that_converts_everywhere_at_once_is_handed_over_once(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    lead = lead_of(starter)
    activities = [convert(lead, now).pk for _ in range(8)]
    raised = at_once(
        *(
            lambda pk=pk: hand_over_scored(activity_ids=[pk], qualified_ids=[], now=now, actor=None)
            for pk in activities
        )
    )
    assert raised == []
    assert Handoff.objects.count() == 1
    assert HandoffEvent.objects.filter(kind=EventKind.CONVERTED).count() == 7
    consistent()


def test_opposite_orders_of_leads_do_not_dead_lock(starter: Version, sales_team: SalesTeam, now: datetime):
    leads = [lead_of(starter) for _ in range(20)]
    orders = [leads, leads[::-1]] * 3
    batches = [[convert(lead, now).pk for lead in order] for order in orders]
    assert (
        at_once(
            *(
                lambda ids=ids: hand_over_scored(activity_ids=ids, qualified_ids=[], now=now, actor=None)
                for ids in batches
            )
        )
        == []
    )
    assert Handoff.objects.count() == 20
    consistent()


# --- Acts against each other --------------------------------------------------------------------------------------


def test_an_attempt_sent_many_times_at_once_is_one(starter: Version, sales_team: SalesTeam, now: datetime):
    handoff = urgent_handoff(starter, now)

    def log() -> None:
        log_attempt(
            handoff_id=handoff.pk, channel="phone", outcome="sent", key="k", now=now, actor=sales_team.mia
        )

    assert at_once(*[log] * 6) == []
    assert Attempt.objects.count() == 1
    consistent()


def test_of_contrary_acts_one_wins(starter: Version, sales_team: SalesTeam, now: datetime):
    for _ in range(5):
        handoff = urgent_handoff(starter, now)
        owner = handoff.owner
        assert owner is not None
        raised = at_once(
            lambda handoff=handoff, owner=owner: accept_handoff(handoff_id=handoff.pk, now=now, actor=owner),
            lambda handoff=handoff, owner=owner: reject_handoff(
                handoff_id=handoff.pk, reason_key="reject-duplicate", now=now, actor=owner
            ),
        )
        assert [isinstance(error, Refused) for error in raised] == [True]
        consistent()


def test_a_manager_and_the_sweep_reassign_at_once(starter: Version, sales_team: SalesTeam, now: datetime):
    handoffs = [urgent_handoff(starter, now) for _ in range(12)]
    late = now + timedelta(days=1)
    raised = at_once(
        lambda: reassign_handoffs(
            handoff_ids=[handoff.pk for handoff in handoffs],
            to_user_id=sales_team.lena.pk,
            now=late,
            actor=sales_team.manager,
        ),
        lambda: sweep_deadlines(now=late),
        lambda: sweep_deadlines(now=late, limit=3),
    )
    assert raised == []
    # Lena keeps what she had; where the manager held it while they swept, it is left to the next sweep.
    sweep_deadlines(now=late)
    assert Breach.objects.count() == 24
    consistent()


def test_qualifying_and_ingesting_the_same_lead_do_not_dead_lock(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    for _ in range(6):
        handoff = urgent_handoff(starter, now)
        owner = handoff.owner
        assert owner is not None
        accept_handoff(handoff_id=handoff.pk, now=now, actor=owner)
        activity = convert(handoff.lead, now)
        raised = at_once(
            lambda handoff=handoff, owner=owner: qualify_handoff(handoff_id=handoff.pk, now=now, actor=owner),
            lambda activity=activity: hand_over_scored(
                activity_ids=[activity.pk], qualified_ids=[], now=now, actor=None
            ),
            lambda: sweep_deadlines(now=now + HOUR),
        )
        assert raised == []
    consistent()


# --- Sweeping -----------------------------------------------------------------------------------------------------


def due(starter: Version, count: int, now: datetime) -> list[Handoff]:
    return hand_over(*(convert(lead_of(starter), now) for _ in range(count)), now=now)


def test_many_sweepers_record_each_breach_once(starter: Version, sales_team: SalesTeam, now: datetime):
    sales_team.only(sales_team.mia, now=now, capacity=100)
    due(starter, 80, now)
    for at in (now + 45 * MINUTE, now + HOUR + MINUTE, now + 3 * HOUR + MINUTE):
        assert at_once(*[lambda at=at: sweep_deadlines(now=at, limit=9)] * 4) == []
        sweep_deadlines(now=at)  # whatever one left to another that was done by then
    assert Breach.objects.count() == 160
    events = HandoffEvent.objects.filter(kind__in=[EventKind.REMINDED, EventKind.ESCALATED])
    per_deadline = Counter(events.values_list("kind", "data__deadline"))
    assert len(per_deadline) == 320
    assert set(per_deadline.values()) == {1}
    consistent()


# --- Kill -9 ------------------------------------------------------------------------------------------------------


@contextmanager
def held_up(dedup_key: str) -> Iterator[None]:
    """Whoever wants to tell this waits: somebody else is about to, and then does not."""
    database = connection.get_connection_params()
    other = psycopg2.connect(
        **{key: database[key] for key in ("dbname", "user", "password", "host", "port") if key in database}
    )
    with other.cursor() as cursor:
        cursor.execute(
            "INSERT INTO outbox_message (channel, dedup_key, kind, context, state, attempts, created_at, sent_at)"
            " VALUES ('in_app', %s, 'x', '{}', 'sent', 1, now(), now())",
            [dedup_key],
        )
    try:
        yield
    finally:
        other.rollback()
        other.close()


def eventually(holds: Callable[[], Any], within: float = 40) -> None:
    until = time.monotonic() + within
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def waiting_for_a_lock() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return [pid for (pid,) in cursor.fetchall()]


def gone(pids: list[int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = ANY(%s)", [pids])
        return cursor.fetchone() is None


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the portal on the test's own database."""
    name = connection.settings_dict["NAME"]
    base, _, query = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/x").partition("?")
    url = f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    started = subprocess.Popen(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


SWEEP = """
import django; django.setup()
from datetime import datetime
from handoffs.services import sweep_deadlines
sweep_deadlines(now=datetime.fromisoformat({now!r}), limit=2)
"""


@pytest.mark.slow
def test_a_sweep_killed_in_its_second_batch_loses_nothing(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    sales_team.only(sales_team.mia, now=now)
    handoffs = [urgent_handoff(starter, now + number * MINUTE) for number in range(6)]
    late = now + 80 * MINUTE
    fourth = clock(handoffs[3], "accept")
    Deadline.objects.filter(kind="first_attempt").update(next_action_at=late)
    told_by_another = held_up(f"handoff-missed:{fourth.pk}:{sales_team.mia.pk}")
    with told_by_another, process("-c", SWEEP.format(now=late.isoformat())) as sweeper:
        eventually(waiting_for_a_lock)
        stuck = waiting_for_a_lock()
        assert Breach.objects.count() == 2
        sweeper.send_signal(signal.SIGKILL)
        sweeper.wait()
    eventually(lambda: gone(stuck))
    assert Breach.objects.count() == 2

    for _ in range(2):
        sweep_deadlines(now=late)
        assert sorted(Breach.objects.values_list("handoff", flat=True)) == [each.pk for each in handoffs]
    consistent()


@pytest.mark.slow
def test_a_worker_killed_in_a_sweep_loses_nothing(starter: Version, sales_team: SalesTeam):
    """Celery's own worker on the broker; what it was at is done by the next one."""
    sales_team.only(sales_team.mia, now=timezone.now())
    begun = timezone.now() - timedelta(days=7)  # a day ago may be a Sunday, of which nothing is due yet
    handoffs = [urgent_handoff(starter, begun) for _ in range(2)]
    Deadline.objects.update(reassign_at=None, next_action_at=F("due_at"), escalate_at=None)
    queue = f"test-sweep-{os.getpid()}"
    worker = ("-m", "celery", "-A", "sla_portal", "worker", "-P", "solo", "-Q", queue, "--without-gossip")
    second = clock(handoffs[1], "first_attempt")
    told_by_another = held_up(f"handoff-misseds:{clock(handoffs[0], 'accept').pk}:{sales_team.mia.pk}")
    with told_by_another, process(*worker) as first:
        app.send_task("handoffs.sweep_deadlines", queue=queue)
        eventually(waiting_for_a_lock)
        stuck = waiting_for_a_lock()
        first.send_signal(signal.SIGKILL)
        first.wait()
    eventually(lambda: gone(stuck))
    assert not Breach.objects.exists()

    with process(*worker):
        app.send_task("handoffs.sweep_deadlines", queue=queue)
        eventually(lambda: Breach.objects.filter(deadline=second).exists())
    assert Breach.objects.count() == 4
    consistent()
