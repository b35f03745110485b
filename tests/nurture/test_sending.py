"""The sweep, and what readers do with what it sent."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from agreements.models import Version
from handoffs.models import Handoff
from leads.models import Activity, Consent, Lead
from leads.services import LeadItem, upsert_leads
from leads.stages import Stage
from nurture.models import Delivery, Enrolment, Suppression, Track
from nurture.services import (
    enrol_by_hand,
    follow_offer,
    leave_track,
    lift_suppression,
    note_fetch,
    pause_track,
    read_token,
    send_steps,
    start_track,
    suppress_by_hand,
    take_bounces,
    unsubscribe,
)
from nurture.services.letters import OFFER, UNSUBSCRIBE, token
from nurture.services.plans import text_of, texts_received
from nurture.vetoes import veto
from outbox.extensions import NotYet
from outbox.models import Message
from outbox.signals import mails_refused, mails_sent
from tests.factories.handoffs import SalesTeam
from tests.factories.nurture import enrol, returned, running_track, sent, willing

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def track(starter: Version, now: datetime) -> Track:
    return running_track(starter, now=now)


@pytest.fixture
def delivery(starter: Version, track: Track, now: datetime) -> Delivery:
    """The first e-mail, sent a day after enrolment."""
    return sent(track, willing(starter, email="ada@bar.example", last_name="King"), now=now)


def mails() -> Any:
    return Message.objects.mails().filter(kind="nurture").order_by("pk")


# --- The sweep ----------------------------------------------------------------------------------------------


def test_each_step_is_sent_once_in_its_time_and_the_track_ends(
    starter: Version, track: Track, now: datetime
) -> None:
    [enrolment] = enrol(track, willing(starter, email="ada@bar.example"), now=now)
    sendings = []
    for hour in range(0, 31 * 24 + 1, 12):
        at = now + timedelta(hours=hour)
        count, again = send_steps(now=at), send_steps(now=at)
        assert again == 0
        if count:
            sendings.append((hour, Delivery.objects.latest("pk").step.subject))
    assert sendings == [(24, "Hello {{ first_name|there }}"), (96, "Second"), (216, "Third")]
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.ended_why, enrolment.ended_at) == (
        "ended",
        "finished",
        now + timedelta(days=30),
    )


def test_an_email_says_who_how_to_stop_and_what_is_offered(delivery: Delivery) -> None:
    mail = mails().get()
    links = {
        page: f"http://localhost/n/{page}/{token(delivery.enrolment_id, 1, purpose)}/"
        for page, purpose in (("u", UNSUBSCRIBE), ("o", OFFER))
    }
    assert (mail.to, mail.to_name, mail.subject) == ("ada@bar.example", "Ada King", "Hello Ada")
    assert mail.headers == {
        "List-Unsubscribe": f"<{links['u']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert mail.text == (
        f"First.\n\nThe guide: {links['o']}\n\n-- \nYou get this e-mail because you agreed to hear from us.\n"
        f"Unsubscribe:\n{links['u']}\n"
    )
    assert f'<a href="{links["o"]}">The guide</a>' in mail.html
    assert f'<a href="{links["u"]}"' in mail.html
    assert "ada" not in links["u"] + links["o"]


def test_an_offer_that_the_text_does_not_name_stands_at_its_end(
    starter: Version, track: Track, now: datetime
) -> None:
    enrol(track, willing(starter), now=now)
    for day in (1, 4, 9):
        send_steps(now=now + day * DAY)
    last = mails().last()
    assert "Last words.\n\nThe talk: http://localhost/n/o/" in last.text
    assert last.html.count("The talk") == 1, "the link carries the words"
    assert "/n/o/" not in mails()[1].text


def test_a_lead_called_markup_is_shown_and_not_run(starter: Version, track: Track, now: datetime) -> None:
    sent(track, willing(starter, first_name="<script>alert(1)</script>"), now=now)
    assert "<script>" not in mails().get().html.replace("<title>", "")


def test_the_sweep_costs_the_same_for_one_and_for_many(starter: Version, track: Track, now: datetime) -> None:
    def queries(count: int) -> int:
        enrol(track, *(willing(starter) for _ in range(count)), now=now)
        with CaptureQueriesContext(connection) as captured:
            assert send_steps(now=now + DAY) == count
        return len(captured)

    assert queries(1) == queries(20)


def test_what_cannot_be_sent_does_not_hold_the_others_up(
    starter: Version, track: Track, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nurture.services import sending

    [broken, *_] = enrol(track, *(willing(starter) for _ in range(3)), now=now)
    whole = sending.mail

    def mail(enrolment: Enrolment, step: Any) -> Any:
        if enrolment.pk == broken.pk:
            raise RuntimeError
        return whole(enrolment, step)

    monkeypatch.setattr(sending, "mail", mail)
    assert send_steps(now=now + DAY) == 2
    assert send_steps(now=now + DAY) == 0
    monkeypatch.undo()
    assert send_steps(now=now + DAY) == 1


def test_consent_that_went_without_a_word_holds_right_before_sending(
    starter: Version, track: Track, now: datetime
) -> None:
    lead = willing(starter)
    [enrolment] = enrol(track, lead, now=now)
    Lead.objects.filter(pk=lead.pk).update(email_consent=Consent.UNKNOWN)
    assert send_steps(now=now + DAY) == 0
    enrolment.refresh_from_db()
    assert (enrolment.hold, enrolment.next_at) == ("no_consent", None)


def test_an_address_that_is_none_is_suppressed_and_said(
    starter: Version, track: Track, now: datetime
) -> None:
    [enrolment] = enrol(track, willing(starter, email="nobody@nowhere@x"), now=now)
    assert send_steps(now=now + DAY) == 0
    enrolment.refresh_from_db()
    assert (enrolment.ended_why, Suppression.objects.get().detail) == (
        "bounced",
        "“nobody@nowhere@x” is no e-mail address.",
    )


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_each_step_once(sales_team: SalesTeam, now: datetime) -> None:
    from tests.factories.agreements import active_starter

    version = active_starter(now=now)
    track = running_track(version, now=now)
    enrol(track, *(willing(version) for _ in range(40)), now=now)
    counts: list[int] = []

    def sweep() -> None:
        counts.append(send_steps(now=now + DAY, limit=7))
        connections.close_all()

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) + send_steps(now=now + DAY) == 40
    assert Delivery.objects.count() == mails().count() == 40


# --- Right before it goes out -------------------------------------------------------------------------------


def test_veto_lets_pass_what_may_be_sent(delivery: Delivery) -> None:
    assert veto([mails().get()]) == {}
    assert veto([]) == {}


def test_veto_holds_back_from_suppressed_addresses(
    delivery: Delivery, sales_team: SalesTeam, now: datetime
) -> None:
    suppress_by_hand(address="ada@bar.example", now=now, actor=sales_team.marketing)
    mail = mails().get()
    assert veto([mail]) == {mail.pk: "The address must not be written to any more."}


def test_veto_holds_back_from_who_left(delivery: Delivery, sales_team: SalesTeam, now: datetime) -> None:
    leave_track(enrolment_id=delivery.enrolment_id, now=now, actor=sales_team.mia)
    mail = mails().get()
    assert veto([mail]) == {mail.pk: "The lead left the track: Taken out by hand."}


def test_what_is_queued_when_a_track_is_paused_waits_till_it_starts(
    delivery: Delivery, track: Track, now: datetime
) -> None:
    later = now + DAY
    Message.objects.filter(pk=delivery.message_id).update(state="pending", next_attempt_at=later + DAY)
    pause_track(track_id=track.pk, now=now, actor=None)
    mail = mails().get()
    [why] = veto([mail]).values()
    assert (type(why), str(why)) == (
        NotYet,
        "The track is paused: it goes out once the track is started again.",
    )
    start_track(track_id=track.pk, now=later, actor=None)
    assert (veto([mail]), mails().get().next_attempt_at) == ({}, later)


def test_who_left_a_paused_track_is_not_written_to_later(
    delivery: Delivery, track: Track, sales_team: SalesTeam, now: datetime
) -> None:
    pause_track(track_id=track.pk, now=now, actor=None)
    leave_track(enrolment_id=delivery.enrolment_id, now=now, actor=sales_team.mia)
    mail = mails().get()
    [why] = veto([mail]).values()
    assert (type(why), str(why)) == (str, "The lead left the track: Taken out by hand.")


@pytest.mark.parametrize(("state", "position"), [("withheld", 1), ("refused", 1), ("kept", 2), ("sent", 2)])
def test_what_its_reader_never_got_comes_again(
    state: str, position: int, delivery: Delivery, track: Track, now: datetime
) -> None:
    sent_at = now if state == "sent" else None
    Message.objects.filter(pk=delivery.message_id).update(state=state, sent_at=sent_at)
    [again] = enrol(track, delivery.enrolment.lead, now=now + 2 * DAY)
    assert again.position == position


def test_texts_received_are_known_without_loading_them(
    delivery: Delivery,
) -> None:
    lead_id = delivery.enrolment.lead_id
    with CaptureQueriesContext(connection) as captured:
        [texts] = texts_received([lead_id]).values()
    assert texts == {text_of(delivery.step)}
    [query] = captured
    assert query["sql"].count('"nurture_step"."body"') == query["sql"].count("MD5(") == 1


def test_veto_costs_two_queries(
    starter: Version, track: Track, now: datetime, django_assert_num_queries: Any
) -> None:
    enrol(track, *(willing(starter) for _ in range(5)), now=now)
    send_steps(now=now + DAY)
    waiting = list(mails())
    with django_assert_num_queries(2):
        assert veto(waiting) == {}


# --- What became of it --------------------------------------------------------------------------------------


def test_sent_is_noted(delivery: Delivery, now: datetime) -> None:
    mails_sent.send(sender=Message, message_ids=[delivery.message_id], now=now + DAY)
    delivery.refresh_from_db()
    assert delivery.sent_at == now + DAY


def test_an_address_that_bounces_at_once_is_suppressed_and_leaves(delivery: Delivery, now: datetime) -> None:
    Message.objects.filter(pk=delivery.message_id).update(last_error="550 No such user")
    mails_refused.send(sender=Message, message_ids=[delivery.message_id], now=now + DAY)
    delivery.refresh_from_db()
    suppression = Suppression.objects.get()
    assert (suppression.address, suppression.why, suppression.detail, suppression.delivery) == (
        "ada@bar.example",
        "bounced",
        "550 No such user",
        delivery,
    )
    assert (delivery.refused_at, delivery.enrolment.state, delivery.enrolment.ended_why) == (
        now + DAY,
        "ended",
        "bounced",
    )
    assert send_steps(now=now + 20 * DAY) == 0
    assert take_bounces([delivery.message_id or 0], now=now) == 0


def test_a_refused_mail_of_others_is_none_of_ours(now: datetime) -> None:
    assert take_bounces([1, 2, 3], now=now) == 0


def test_looking_at_an_offer_is_no_act_of_the_lead(delivery: Delivery, now: datetime) -> None:
    note_fetch(delivery_id=delivery.pk, now=now + DAY)
    note_fetch(delivery_id=delivery.pk, now=now + 2 * DAY)
    delivery.refresh_from_db()
    assert (delivery.fetched_at, delivery.clicked_at, Activity.objects.count()) == (now + DAY, None, 0)


def test_following_an_offer_is_an_activity_once(delivery: Delivery, now: datetime) -> None:
    for day in (1, 2):
        assert follow_offer(delivery_id=delivery.pk, now=now + day * DAY) == "https://www.bar.example/guide"
    activity = Activity.objects.get()
    delivery.refresh_from_db()
    assert (activity.type, activity.occurred_at, activity.human, activity.source) == (
        "offer_taken",
        now + DAY,
        True,
        "nurture",
    )
    assert activity.payload == {"offer": "The guide", "track": "Compare the ways to solve it"}
    assert delivery.clicked_at == now + DAY


def test_a_click_makes_a_returned_lead_an_mql_again_in_a_new_handoff(
    starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    running_track(starter, now=now)
    first = returned(starter, now=now, reason="return-no-budget", job_title="Chief Financial Officer")
    send_steps(now=now + DAY)
    delivery = Delivery.objects.get()
    cool, cooled = now + 3 * DAY, now + 95 * DAY
    follow_offer(delivery_id=delivery.pk, now=cool)
    assert Handoff.objects.count() == 1, "a score alone does not hand it over while it cools down"
    running_track(starter, now=cool, key="track-decision")
    enrol_by_hand(lead_id=first.lead_id, track_key="track-decision", now=cool, actor=sales_team.mia)
    send_steps(now=cool + 3 * DAY)
    follow_offer(delivery_id=Delivery.objects.latest("pk").pk, now=cooled)
    second = Handoff.objects.latest("pk")
    lead = Lead.objects.get()
    assert (second.lead_id, second.trigger_key, second.created_at) == (first.lead_id, "trigger-score", cooled)
    assert lead.stage == Stage.MQL
    ended = Enrolment.objects.latest("pk")
    assert (ended.ended_why, ended.ended_at) == ("qualified", cooled)


# --- Unsubscribing ------------------------------------------------------------------------------------------


def test_unsubscribed_is_never_written_to_again(
    delivery: Delivery, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    for day in (1, 2):
        unsubscribe(delivery_id=delivery.pk, now=now + day * DAY)
    lead = Lead.objects.get()
    delivery.refresh_from_db()
    assert (delivery.unsubscribed_at, delivery.enrolment.ended_why) == (now + DAY, "unsubscribed")
    assert (lead.email_consent, Suppression.objects.get().why) == (Consent.WITHDRAWN, "unsubscribed")
    activity = Activity.objects.get()
    assert (activity.type, activity.payload["subject"]) == ("unsubscribe", "Hello Ada")
    upsert_leads([LeadItem(id=lead.pk, email_consent="given")], now=now + DAY, actor=None, source="api")
    enrol(track, lead, now=now + 3 * DAY)
    assert send_steps(now=now + 30 * DAY) == 0, "a CRM that says otherwise does not bring it back"
    mail = mails().get()
    assert mail.pk in veto([mail])


def test_the_old_link_unsubscribes_again_after_a_lift(
    delivery: Delivery, sales_team: SalesTeam, now: datetime
) -> None:
    unsubscribe(delivery_id=delivery.pk, now=now)
    lift_suppression(
        suppression_id=Suppression.objects.get().pk, why="Asked", now=now, actor=sales_team.marketing
    )
    unsubscribe(delivery_id=delivery.pk, now=now + DAY)
    assert Suppression.objects.in_force().count() == 1


def test_who_moved_to_another_address_is_not_written_to_there_either(
    delivery: Delivery, now: datetime
) -> None:
    Lead.objects.update(email="ada.king@foo.example")
    unsubscribe(delivery_id=delivery.pk, now=now)
    assert set(Suppression.objects.values_list("address", flat=True)) == {
        "ada@bar.example",
        "ada.king@foo.example",
    }


def test_a_token_is_good_for_one_thing_and_cannot_be_made_up(delivery: Delivery) -> None:
    good = token(delivery.enrolment_id, 1, UNSUBSCRIBE)
    assert read_token(good, UNSUBSCRIBE) == delivery
    assert read_token(good, OFFER) is None
    for bad in ("", "1-1", good[:-1], good.replace("-1.", "-2."), f"{delivery.enrolment_id}-1.", "é.é"):
        assert read_token(bad, UNSUBSCRIBE) is None, bad
