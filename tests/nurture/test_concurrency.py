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
from nurture.models import EndedWhy, Enrolment, Track
from nurture.services import (
    adopt_everywhere,
    end_enrolments,
    ensure_tracks,
    pause_track,
    save_track,
    start_track,
    suppress_by_hand,
    unsubscribe,
)
from nurture.services.locks import share_tracks
from outbox.models import Message, MessageState
from outbox.services import deliver_mails
from tests.factories.handoffs import SalesTeam
from tests.factories.nurture import KEY, SITE, STEPS, enrol, running_track, sent, south_of, willing

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


def test_an_address_entered_by_hand_waits_for_whoever_holds_its_lead(
    starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    lead = willing(starter, email="ada@bar.example")
    delivery = sent(running_track(starter, now=now), lead, now=now)
    with transaction.atomic():
        lock_leads([lead.pk])
        by_hand = begin(
            lambda: suppress_by_hand(address="Ada@bar.example", now=now, actor=sales_team.marketing)
        )
        assert not by_hand.done(), "else it holds the address that this one is about to write"
        unsubscribe(delivery_id=delivery.pk, now=now + DAY)
    assert by_hand.result(timeout=40).why == "unsubscribed"
    assert Enrolment.objects.get().ended_why == "unsubscribed"


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


# --- Beside whoever starts, pauses or writes a track --------------------------------------------------------


@pytest.fixture
def paused(starter: Version, now: datetime) -> Track:
    track = running_track(starter, now=now)
    return pause_track(track_id=track.pk, now=now, actor=None)


def both(first: Callable[[], Any], second: Callable[[], Any]) -> None:
    """The second begins while the transaction of the first is still open."""
    with transaction.atomic():
        first()
        other = begin(second)
    other.result(timeout=40)


def consent(*leads: Lead, now: datetime) -> None:
    items = [LeadItem(id=lead.pk, email_consent="given") for lead in leads]
    upsert_leads(items, now=now, actor=None, source="api")


@pytest.mark.parametrize("is_first", [True, False])
def test_who_gets_into_a_track_while_it_starts_is_not_held(
    is_first: bool, starter: Version, paused: Track, now: datetime
) -> None:
    lead = willing(starter)
    acts = [
        lambda: enrol(paused, lead, now=now),
        lambda: start_track(track_id=paused.pk, now=now, actor=None),
    ]
    both(*acts if is_first else acts[::-1])
    assert Enrolment.objects.get().hold == ""


@pytest.mark.parametrize("is_first", [True, False])
def test_who_consents_while_the_track_starts_is_not_held(
    is_first: bool, starter: Version, paused: Track, now: datetime
) -> None:
    lead = willing(starter, email_consent=Consent.UNKNOWN)
    enrol(paused, lead, now=now)
    acts = [
        lambda: consent(lead, now=now),
        lambda: start_track(track_id=paused.pk, now=now, actor=None),
    ]
    both(*acts if is_first else acts[::-1])
    assert Enrolment.objects.get().hold == ""


@pytest.mark.parametrize("is_first", [True, False])
def test_who_gets_into_a_waiting_track_while_it_is_written_stands_on_what_is_written(
    is_first: bool, starter: Version, now: datetime
) -> None:
    track = Track.objects.get(key=KEY)
    acts = [
        lambda: enrol(track, willing(starter), now=now),
        lambda: save_track(track_id=track.pk, name="New", lasts_days=30, steps=STEPS, now=now, actor=None),
    ]
    both(*acts if is_first else acts[::-1])
    assert Enrolment.objects.get().revision.number == 2


def test_a_batch_that_takes_some_out_and_looks_at_others_does_not_dead_lock_with_a_start(
    starter: Version, paused: Track, now: datetime
) -> None:
    gone, new = willing(starter), willing(starter, email_consent=Consent.UNKNOWN)
    enrol(paused, gone, new, now=now)
    with transaction.atomic():
        lock_leads([gone.pk, new.pk])
        end_enrolments({gone.pk: EndedWhy.QUALIFIED}, now=now)
        other = begin(lambda: start_track(track_id=paused.pk, now=now, actor=None))
        consent(new, now=now)
    other.result(timeout=40)
    found = Enrolment.objects.order_by("pk").values_list("state", "hold")
    assert list(found) == [("ended", ""), ("active", "")]


def test_a_batch_that_knows_nothing_new_of_an_address_leaves_the_track_to_others(
    starter: Version, paused: Track, now: datetime
) -> None:
    lead = willing(starter)
    enrol(paused, lead, now=now)
    item = LeadItem(id=lead.pk, first_name="Eve")
    with transaction.atomic():
        upsert_leads([item], now=now, actor=None, source="api")
        begin(lambda: start_track(track_id=paused.pk, now=now, actor=None)).result(timeout=0)
    assert Enrolment.objects.get().hold == ""


def test_starting_everywhere_beside_a_batch_does_not_dead_lock(starter: Version, now: datetime) -> None:
    """A later version of the first agreement added a track, so its ids are not in a row."""
    south = south_of(starter, now=now)
    Track.objects.filter(agreement=starter.agreement_id, key=KEY).update(key="track-of-before")
    last = ensure_tracks(starter.pk, [KEY], now=now)[KEY]
    middle = Track.objects.filter(agreement=south.agreement_id).latest("pk")
    assert middle.pk < last.pk
    with transaction.atomic():
        share_tracks(lead_ids=[], track_ids=[middle.pk])
        other = begin(lambda: adopt_everywhere(site=SITE, now=now, actor=None))
        share_tracks(lead_ids=[], track_ids=[last.pk])
    started = other.result(timeout=40)
    named = Track.objects.exclude(key="track-of-before").order_by("pk")
    assert [track.pk for track in started] == list(named.values_list("pk", flat=True))


def test_an_email_that_is_put_off_while_its_track_starts_is_sent_and_not_left_waiting(
    starter: Version, now: datetime, settings: Any
) -> None:
    track = running_track(starter, now=now)
    sent(track, willing(starter), now=now)
    pause_track(track_id=track.pk, now=now, actor=None)
    settings.EMAIL_IS_SET = True
    Message.objects.mails().filter(kind="nurture").update(state=MessageState.PENDING, next_attempt_at=now)
    both(
        lambda: start_track(track_id=track.pk, now=now, actor=None),
        lambda: deliver_mails(now=now),
    )
    deliver_mails(now=now + timedelta(minutes=5))
    assert Message.objects.get(kind="nurture").state == MessageState.SENT
