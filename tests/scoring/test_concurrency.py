"""Several workers at once, on real connections."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.db import connection, transaction

from leads.models import StageChange
from scoring.models import LeadScore, ScoreChange
from scoring.services import rescore, rescore_all, rescore_stale
from tests.factories.scoring import act, fit, interest, lead_under, score_of, scored_by, when

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("alone"),
    pytest.mark.outside,
]
DEMO = interest("interest-demo", "demo_request", 30)
PAGE = interest("interest-page", "page_view", 1, half_life_days=14)


def at_once(*acts):
    """Run each act in a thread of its own, all starting together; their results."""
    barrier = Barrier(len(acts))

    def run(act):
        try:
            barrier.wait(timeout=10)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return [future.result(timeout=60) for future in [threads.submit(run, act) for act in acts]]


def test_two_that_score_the_same_lead_lose_neither_of_its_activities(now):
    version = scored_by(DEMO, now=now)
    lead = lead_under(version, now=now)
    first_has_scored, second_has_begun = Event(), Event()

    def first():
        with transaction.atomic():
            act(lead, "demo_request", now)
            rescore([lead.pk], now=now, actor=None)
            first_has_scored.set()
            second_has_begun.wait(timeout=10)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.2)")

    def second():
        first_has_scored.wait(timeout=10)
        with transaction.atomic():
            act(lead, "demo_request", now)
            second_has_begun.set()
            rescore([lead.pk], now=now, actor=None)

    at_once(first, second)

    assert score_of(lead) == (0, 60, "D1", False, False)
    changes = ScoreChange.objects.order_by("id").values_list("interest_before", "interest")
    assert list(changes) == [(0, 30), (30, 60)]


def test_a_sweep_does_not_undo_what_is_scored_meanwhile(now):
    version = scored_by(DEMO, PAGE, now=now)
    leads = [lead_under(version, now=now) for _ in range(30)]
    ids = [lead.pk for lead in leads]
    for lead in leads:
        act(lead, "page_view", now)
    rescore(ids, now=now, actor=None)

    def ingest(lead):
        def one():
            with transaction.atomic():
                act(lead, "demo_request", now)
                rescore([lead.pk], now=now, actor=None)

        return one

    later = now + timedelta(days=14)
    at_once(
        *(ingest(lead) for lead in leads[:6]),
        lambda: rescore_all(now=later, actor=None),
        lambda: rescore_stale(now=later, actor=None),
    )

    interests = dict(LeadScore.objects.values_list("lead", "interest"))
    assert all(interests[lead.pk] >= 30 for lead in leads[:6])


def test_batches_in_opposite_order_neither_deadlock_nor_make_an_mql_twice(now):
    version = scored_by(
        fit("fit-chief", 70, when("job_title", "is", "chief")), DEMO, now=now, interest_range=(0, 300)
    )
    leads = [lead_under(version, now=now, job_title="chief") for _ in range(60)]
    ids = [lead.pk for lead in leads]

    def ingest(order):
        def batch():
            with transaction.atomic():
                for lead in leads:
                    act(lead, "demo_request", now)
                rescore(order, now=now, actor=None)

        return batch

    for _ in range(2):
        at_once(ingest(ids), ingest(ids[::-1]), ingest(ids[30:] + ids[:30]))

    assert set(LeadScore.objects.values_list("interest", flat=True)) == {180}
    assert StageChange.objects.filter(to_stage="mql").count() == 60
    assert ScoreChange.objects.count() == 60 * 6


def test_sweeps_at_once_share_the_work_and_do_it_once(now):
    version = scored_by(PAGE, now=now)
    leads = [lead_under(version, now=now) for _ in range(40)]
    for lead in leads:
        for _ in range(8):
            act(lead, "page_view", now)

    changed = at_once(*[lambda: rescore_stale(now=now, actor=None)] * 3)
    changed.append(rescore_stale(now=now, actor=None))

    assert sum(changed) == 40
    assert ScoreChange.objects.count() == 40
