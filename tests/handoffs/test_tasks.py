"""The task that beat calls each second."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import settings

from agreements.models import Version
from handoffs.models import Breach
from handoffs.services import sweep_deadlines
from handoffs.tasks import LONGEST_SWEEP, sweep
from sla_portal.celery import app
from tests.factories.handoffs import SalesTeam, urgent_handoff

pytestmark = pytest.mark.django_db


def test_the_task_reads_the_clock_and_may_run_again(starter: Version, sales_team: SalesTeam, now: datetime):
    urgent_handoff(starter, now)
    for minutes, acted, breaches in ((59, 1, 0), (61, 2, 1), (61, 0, 1)):
        with time_machine.travel(now + timedelta(minutes=minutes), tick=False):
            assert sweep.apply().get() == acted
        assert Breach.objects.count() == breaches


def test_the_task_is_scheduled_each_second_and_does_not_pile_up():
    entry = settings.CELERY_BEAT_SCHEDULE["handoffs.sweep_deadlines"]
    app.loader.import_default_modules()
    assert entry["task"] in app.tasks
    assert (entry["schedule"], entry["options"]["expires"]) == (1.0, 0.9)
    assert LONGEST_SWEEP < settings.CELERY_TASK_TIME_LIMIT


def test_a_sweep_out_of_time_leaves_the_rest_to_the_next(
    starter: Version, sales_team: SalesTeam, now: datetime
):
    urgent_handoff(starter, now)
    late = now + timedelta(minutes=61)
    assert sweep_deadlines(now=late, seconds=0) == 0
    assert not Breach.objects.exists()
    assert sweep_deadlines(now=late) == 2
