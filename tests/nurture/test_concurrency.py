"""Several at once, on real connections: nobody is locked out, and nobody waits in a track for nothing."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from agreements.models import Version
from handoffs.services.locks import lock_leads
from leads.models import Consent, Lead
from leads.services import LeadItem, upsert_leads
from nurture.models import Enrolment
from nurture.services import unsubscribe
from tests.factories.nurture import running_track, sent, willing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.outside]
DAY = timedelta(days=1)


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return cursor.rowcount > 0


def begin(act: Callable[[], Any]) -> Future[Any]:
    """Begin an act on a connection of its own, and go on once it is done or waits for what this one holds."""

    def run() -> Any:
        try:
            return act()
        finally:
            connection.close()

    with_one = ThreadPoolExecutor(1)
    begun = with_one.submit(run)
    with_one.shutdown(wait=False)
    until = time.monotonic() + 40
    while not (begun.done() or somebody_waits_for_us()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return begun


def test_unsubscribing_beside_a_batch_that_holds_the_lead_does_not_dead_lock(
    starter: Version, now: datetime
) -> None:
    lead = willing(starter, email="ada@bar.example")
    delivery = sent(running_track(starter, now=now), lead, now=now)
    with transaction.atomic():
        lock_leads([lead.pk])
        reader = begin(lambda: unsubscribe(delivery_id=delivery.pk, now=now + DAY))
        item = LeadItem(id=lead.pk, first_name="Eve")
        upsert_leads([item], now=now + DAY, actor=None, source="api")
    assert reader.result(timeout=40).unsubscribed_at == now + DAY
    assert Enrolment.objects.get().ended_why == "unsubscribed"
    found = Lead.objects.get()
    assert (found.first_name, found.email_consent) == ("Eve", Consent.WITHDRAWN)
