"""The clock's tick, and what it costs when nothing is due."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings

from agreements.models import Version
from nurture.models import Delivery
from nurture.tasks import sweep
from tests.factories.nurture import enrol, running_track, willing

pytestmark = pytest.mark.django_db


def test_sweep_sends_what_is_due_by_the_clock(starter: Version, now: datetime) -> None:
    track = running_track(starter, now=now)
    enrol(track, willing(starter), now=now)
    for hours, count in ((23, 0), (24, 1), (25, 0)):
        with time_machine.travel(now + timedelta(hours=hours), tick=False):
            assert sweep() == count
    assert Delivery.objects.count() == 1


def test_sweep_with_nothing_due_is_one_query(
    starter: Version, now: datetime, django_assert_num_queries: Any
) -> None:
    track = running_track(starter, now=now)
    enrol(track, willing(starter), now=now)
    with time_machine.travel(now, tick=False), django_assert_num_queries(3):  # and its savepoint
        assert sweep() == 0


def test_beat_names_the_task() -> None:
    assert settings.CELERY_BEAT_SCHEDULE["nurture.send_steps"]["task"] == sweep.name
