"""Sending through a real SMTP server, which takes, refuses, delays and drops."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from outbox import extensions, smtp
from outbox.models import MailServer, Message, MessageState
from outbox.rules import MOST_TRIES
from outbox.services import (
    Mail,
    deliver_mails,
    delivery,
    queue_mails,
    retry_mails,
    retry_server,
    retry_stuck,
    send_waiting,
    withhold_mails,
)
from outbox.services.delivery import LEASE, SENDERS_LOCK
from outbox.signals import mails_refused, mails_sent
from outbox.tasks import deliver_mails as task
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
SOON = timedelta(hours=3)
"""Longer than any pause."""


def queue(now, *keys, **values):
    usual = {"to": "ada@firma.example", "text": "Read this."}
    return queue_mails(
        [Mail(subject=f"Offer {key}", dedup_key=key, **usual | values) for key in keys], now=now
    )


def states():
    return dict(Message.objects.mails().values_list("dedup_key", "state"))


def message(key="a"):
    return Message.objects.mails().get(dedup_key=key)


@pytest.fixture(autouse=True)
def alone(monkeypatch) -> Iterator[None]:
    """Nobody above listens or objects: their reactions have tests of their own."""
    for signal in (mails_sent, mails_refused):
        monkeypatch.setattr(signal, "receivers", [])
        signal.sender_receivers_cache.clear()
    monkeypatch.setattr(extensions, "vetoes", vetoes := [])
    monkeypatch.setattr(delivery, "vetoes", vetoes)
    yield
    for signal in (mails_sent, mails_refused):
        signal.sender_receivers_cache.clear()


@pytest.fixture
def heard(alone: None) -> list[tuple[str, list[int], Any]]:
    """What the signals said."""
    said: list[tuple[str, list[int], Any]] = []

    def sent(message_ids, now, **_):
        said.append(("sent", message_ids, now))

    def refused(message_ids, now, **_):
        said.append(("refused", message_ids, now))

    mails_sent.connect(sent, weak=False)
    mails_refused.connect(refused, weak=False)
    return said


@pytest.fixture
def no_to(alone: None) -> dict[int, str]:
    """What a veto says no to."""
    reasons: dict[int, str] = {}

    def veto(messages):
        return {each.pk: reasons[each.pk] for each in messages if each.pk in reasons}

    extensions.vetoes.append(veto)
    return reasons


class TestSending:
    def test_each_arrives_once(self, post, now, heard):
        ids = queue(now, "a", "b", "c")
        assert deliver_mails(now=now) == 3
        assert deliver_mails(now=now + SOON) == 0
        assert post.subjects == ["Offer a", "Offer b", "Offer c"]
        assert post.connections == 1
        assert states() == dict.fromkeys("abc", MessageState.SENT)
        assert message().sent_at - now < timedelta(minutes=1)
        assert [(what, told) for what, told, _now in heard] == [("sent", [pk]) for pk in ids]

    def test_the_letter_is_as_it_should_be(self, post, now):
        queue(
            now,
            "Grüße an Zoë 你好",
            text="Grüß Gott\n.\n" + "x" * 1200,
            html="<p>Grüß Gott</p>",
            to_name='Köng, Ada "die Große"',
            headers={"List-Unsubscribe": "<https://portal.example.com/n/u/x/>"},
        )
        deliver_mails(now=now)
        (letter,) = post.received
        assert letter["Subject"] == "Offer Grüße an Zoë 你好"
        (to,) = letter["To"].addresses
        assert (to.display_name, to.addr_spec) == ('Köng, Ada "die Große"', "ada@firma.example")
        assert letter["From"] == "SLA portal <portal@portal.example.com>"
        assert letter["Message-ID"] == Message.objects.mails().get().message_id
        assert letter["Message-ID"].endswith("@portal.example.com>")
        assert letter["Date"].datetime == now
        assert letter["Auto-Submitted"] == "auto-generated"
        assert letter["List-Unsubscribe"] == "<https://portal.example.com/n/u/x/>"
        assert letter.get_content_type() == "multipart/alternative"
        text, html = letter.iter_parts()
        assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
        assert text.get_content().splitlines() == ["Grüß Gott", ".", "x" * 1200]
        assert html.get_content().strip() == "<p>Grüß Gott</p>"

    def test_what_is_not_due_waits(self, post, now):
        queue(now + timedelta(minutes=1), "a")
        assert deliver_mails(now=now) == 0
        assert post.connections == 0

    def test_without_a_server_nothing_is_asked(self, now, settings, django_assert_num_queries):
        queue(now, "a")
        with django_assert_num_queries(0):
            assert deliver_mails(now=now) == 0

    def test_looking_for_nothing_is_one_query(self, post, now, django_assert_num_queries):
        with django_assert_num_queries(1):
            deliver_mails(now=now)

    @pytest.mark.parametrize("count", [1, 15])
    def test_a_pass_costs_so_many_queries_and_three_a_mail(self, post, now, django_assert_num_queries, count):
        """Each is recorded in its own transaction (here a savepoint), so that a kill repeats one and not all."""
        queue(now, *map(str, range(count)))
        with django_assert_num_queries(14 + 3 * count):
            assert deliver_mails(now=now) == count

    def test_the_task_reads_the_clock(self, post, now):
        queue(now, "a")
        assert task() == 1


class TestRefusing:
    def test_an_unknown_address_is_refused_and_the_rest_arrives(self, post, now, heard):
        post.on_rcpt[:] = ["250 OK", "550 5.1.1 No such user"]
        _a, b, _c = queue(now, "a", "b", "c")
        assert deliver_mails(now=now) == 3
        assert post.subjects == ["Offer a", "Offer c"]
        assert states() == {"a": "sent", "b": "refused", "c": "sent"}
        assert message("b").last_error == "550 5.1.1 No such user"
        assert [told for what, told, _now in heard if what == "refused"] == [[b]]
        assert deliver_mails(now=now + SOON) == 0

    def test_refused_after_the_text_too(self, post, now, heard):
        post.on_data[:] = ["550 5.1.1 No such user"]
        queue(now, "a")
        deliver_mails(now=now)
        assert states() == {"a": "refused"}
        assert [what for what, _told, _now in heard] == ["refused"]

    def test_greylisting_is_waited_out_with_the_same_message_id(self, post, now):
        post.on_rcpt[:] = ["450 4.2.0 Greylisted"] * 2
        queue(now, "a")
        wanted = message().message_id
        deliver_mails(now=now)
        assert (message().state, message().attempts, message().last_error) == (
            "pending",
            1,
            "450 4.2.0 Greylisted",
        )
        first = message().next_attempt_at - now
        assert timedelta(seconds=24) <= first <= timedelta(seconds=37)
        assert deliver_mails(now=now + timedelta(seconds=20)) == 0
        deliver_mails(now=now + SOON)
        assert message().next_attempt_at - now - SOON > first
        deliver_mails(now=now + 2 * SOON)
        assert post.ids == [wanted]
        assert (message().state, message().attempts, message().last_error) == ("sent", 3, "")

    def test_policy_is_no_bounce(self, post, now, heard):
        post.on_rcpt[:] = ["554 5.7.1 Relay access denied"]
        queue(now, "a")
        deliver_mails(now=now)
        assert (states(), heard) == ({"a": "stuck"}, [])

    def test_tried_too_often_it_is_stuck_till_a_person_has_it_tried_again(self, post, now):
        post.on_rcpt[:] = ["451 Try later"] * MOST_TRIES
        queue(now, "a")
        for turn in range(MOST_TRIES + 3):
            deliver_mails(now=now + turn * SOON)
        assert (message().state, message().attempts) == ("stuck", MOST_TRIES)
        assert retry_stuck(now=now, actor=UserFactory()) == 1
        assert retry_stuck(now=now, actor=UserFactory()) == 0
        deliver_mails(now=now)
        assert (message().state, message().attempts, len(post.ids)) == ("sent", 1, 1)

    def test_our_own_address_refused_is_the_servers_trouble(self, post, now):
        post.on_mail[:] = ["550 5.1.0 Sender rejected"]
        queue(now, "a", "b")
        deliver_mails(now=now)
        assert list(Message.objects.order_by("pk").values_list("state", "attempts")) == [
            ("pending", 1),
            ("pending", 0),
        ]
        assert MailServer.objects.get().last_error == "550 5.1.0 Sender rejected"

    def test_an_e_mail_that_cannot_be_built_is_stuck_and_in_nobodys_way(self, post, now):
        queue(now, "a", "b")
        Message.objects.filter(dedup_key="a").update(subject="one\ntwo")
        deliver_mails(now=now)
        assert states() == {"a": "stuck", "b": "sent"}


class TestDropping:
    @pytest.mark.parametrize("where", ["on_mail", "on_rcpt", "on_data"])
    def test_a_dropped_connection_is_made_anew_and_the_mail_sent_later(self, post, now, where):
        getattr(post, where).append("drop")
        queue(now, "a", "b")
        wanted = list(Message.objects.order_by("pk").values_list("message_id", flat=True))
        deliver_mails(now=now)
        assert states() == {"a": "pending", "b": "sent"}
        deliver_mails(now=now + SOON)
        assert states() == {"a": "sent", "b": "sent"}
        assert set(post.ids) == set(wanted)

    def test_an_answer_that_does_not_come_means_a_second_time_with_the_same_id(self, post, now, monkeypatch):
        """The server took it, but its answer was lost: at least once."""
        monkeypatch.setattr(smtp, "LONGEST_ANSWER", 0.3)
        post.on_data.append(0.6)
        queue(now, "a")
        wanted = message().message_id
        deliver_mails(now=now)
        assert states() == {"a": "pending"}
        deliver_mails(now=now + SOON)
        assert states() == {"a": "sent"}
        assert post.ids == [wanted, wanted]

    def test_a_server_that_only_drops_is_left_alone(self, post, now):
        post.on_mail[:] = ["drop"] * 10
        queue(now, *"abcde")
        deliver_mails(now=now)
        assert post.connections == 2
        assert sorted(Message.objects.values_list("attempts", flat=True)) == [0, 0, 0, 1, 1]
        server = MailServer.objects.get()
        assert (server.failures, server.next_try_at > now) == (1, True)
        deliver_mails(now=now + timedelta(seconds=1))
        assert post.connections == 2
        post.on_mail.clear()
        deliver_mails(now=now + SOON)
        assert states() == dict.fromkeys("abcde", "sent")
        assert (MailServer.objects.get().failures, MailServer.objects.get().last_error) == (0, "")

    def test_service_not_available_counts_as_a_drop(self, post, now):
        post.on_rcpt[:] = ["421 4.3.2 Shutting down"]
        queue(now, "a", "b")
        deliver_mails(now=now)
        assert states() == {"a": "pending", "b": "sent"}
        deliver_mails(now=now + SOON)
        assert states() == {"a": "sent", "b": "sent"}

    def test_a_server_that_is_not_there_costs_no_mail_a_try(self, now, settings, post):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            settings.EMAIL_PORT = taken.getsockname()[1]
            queue(now, "a")
            deliver_mails(now=now)
            deliver_mails(now=now + timedelta(minutes=1))
        server = MailServer.objects.get()
        assert (server.failures, server.failing_since - now < timedelta(seconds=30)) == (2, True)
        assert "refused" in server.last_error
        assert (message().state, message().attempts) == ("pending", 0)
        retry_server(now=now + timedelta(minutes=1, seconds=2), actor=UserFactory())
        settings.EMAIL_PORT = post.port
        assert deliver_mails(now=now + timedelta(minutes=1, seconds=3)) == 1


class TestHanging:
    @pytest.fixture
    def silent(self, settings, post) -> Iterator[socket.socket]:
        """A server that takes the call and never says a word."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            settings.EMAIL_PORT = server.getsockname()[1]
            settings.EMAIL_TIMEOUT = 0.3
            yield server

    def test_a_silent_server_holds_up_a_pass_no_longer_than_the_time_out(self, silent, now):
        queue(now, "a", "b")
        deliver_mails(now=now)
        assert MailServer.objects.get().last_error
        assert states() == {"a": "pending", "b": "pending"}

    def test_a_server_that_dribbles_is_hung_up_on(self, silent, now, monkeypatch):
        """It says a byte before each time-out, for ever."""
        monkeypatch.setattr(smtp, "LONGEST_TALK", 0.6)
        ended = threading.Event()

        def dribble() -> None:
            caller, _address = silent.accept()
            with caller:
                try:
                    while not ended.wait(0.1):
                        caller.sendall(b"2")
                except OSError:
                    ended.set()

        dribbler = threading.Thread(target=dribble, daemon=True)
        dribbler.start()
        queue(now, "a")
        deliver_mails(now=now)
        assert MailServer.objects.get().failures == 1
        dribbler.join(5)
        assert ended.is_set()

    def test_a_pass_takes_no_further_mail_when_its_time_is_over(self, post, now):
        post.on_data[:] = [0.3, 0.3]
        queue(now, "a", "b", "c")
        assert deliver_mails(now=now, seconds=0.2) == 1
        assert list(Message.objects.order_by("pk").values_list("state", "attempts")) == [
            ("sent", 1),
            ("pending", 0),
            ("pending", 0),
        ]
        assert deliver_mails(now=now + timedelta(seconds=1)) == 2


class TestVetoing:
    def test_what_is_vetoed_is_withheld_with_the_reason(self, post, now, no_to, heard):
        a, b = queue(now, "a", "b")
        no_to[a] = "Ada unsubscribed."
        deliver_mails(now=now)
        assert states() == {"a": "withheld", "b": "sent"}
        assert message().last_error == "Ada unsubscribed."
        assert post.subjects == ["Offer b"]
        assert heard == [("sent", [b], heard[0][2])]

    def test_a_veto_is_asked_again_when_a_person_has_it_tried_again(self, post, now, no_to):
        (a,) = queue(now, "a")
        no_to[a] = "Ada unsubscribed."
        deliver_mails(now=now)
        assert retry_mails(message_ids=[a], now=now, actor=UserFactory()) == 1
        deliver_mails(now=now)
        assert (states(), post.received) == ({"a": "withheld"}, [])

    def test_what_has_to_wait_is_asked_for_again_and_loses_no_try(self, post, now, no_to, heard):
        a, _b = queue(now, "a", "b")
        no_to[a] = extensions.NotYet("The track is paused.")
        deliver_mails(now=now)
        assert states() == {"a": "pending", "b": "sent"}
        assert (message().attempts, message().last_error) == (0, "The track is paused.")
        deliver_mails(now=now + timedelta(hours=5))
        assert post.subjects == ["Offer b"]
        del no_to[a]
        deliver_mails(now=now + timedelta(hours=7))
        assert (states(), post.subjects) == ({"a": "sent", "b": "sent"}, ["Offer b", "Offer a"])

    def test_those_that_have_to_wait_are_put_off_at_once_each_with_its_reason(self, post, now, no_to):
        ids = queue(now, *"abcdef")
        no_to |= {pk: extensions.NotYet(f"Reason {pk}.") for pk in ids}
        Message.objects.filter(pk=ids[0]).update(attempts=3)
        with CaptureQueriesContext(connection) as asked:
            deliver_mails(now=now)
        updates = [each["sql"] for each in asked if each["sql"].lstrip().startswith("UPDATE")]
        assert len(updates) == 2, "the lease and the putting off"
        found = Message.objects.order_by("pk").values_list("pk", "state", "attempts", "last_error")
        assert list(found) == [(pk, "pending", 3 if pk == ids[0] else 0, f"Reason {pk}.") for pk in ids]
        assert not Message.objects.filter(next_attempt_at__lt=now + timedelta(hours=5)).exists()

    def test_the_server_is_left_alone_when_nothing_may_be_sent(self, post, now, no_to):
        a, b = queue(now, "a", "b")
        no_to |= {a: extensions.NotYet("The track is paused."), b: "Ada unsubscribed."}
        MailServer.objects.create(failures=2, failing_since=now, next_try_at=now, last_error="421 busy")
        deliver_mails(now=now)
        assert (states(), post.connections) == ({"a": "pending", "b": "withheld"}, 0)
        assert MailServer.objects.get().failures == 2, "nobody knows whether it answers"

    def test_what_waits_is_brought_forward_and_what_is_being_sent_is_not(self, post, now, no_to):
        a, b = queue(now, "a", "b")
        no_to[a] = extensions.NotYet("The track is paused.")
        deliver_mails(now=now)
        Message.objects.filter(pk=b).update(state="pending", sent_at=None, next_attempt_at=now + LEASE)
        no_to.clear()
        assert send_waiting(message_ids=[a, b], now=now + timedelta(seconds=1)) == 1
        deliver_mails(now=now + timedelta(seconds=1))
        assert (states(), post.subjects) == ({"a": "sent", "b": "pending"}, ["Offer b", "Offer a"])

    def test_a_veto_that_fails_sends_nothing_and_loses_nothing(self, post, now):
        def broken(messages):
            raise RuntimeError("broken")

        extensions.vetoes.append(broken)
        queue(now, "a")
        with pytest.raises(RuntimeError):
            deliver_mails(now=now)
        extensions.vetoes.clear()
        assert (message().state, message().attempts, post.received) == ("pending", 0, [])
        assert deliver_mails(now=now + timedelta(minutes=2)) == 1


class TestRecording:
    def test_a_receiver_that_fails_does_not_send_it_again(self, post, now):
        def broken(**_):
            raise RuntimeError("no such delivery")

        mails_sent.connect(broken)
        queue(now, "a")
        deliver_mails(now=now)
        assert (message().state, message().last_error) == ("sent", "RuntimeError: no such delivery")
        assert len(post.received) == 1

    def test_a_lease_of_a_killed_worker_ends_and_the_same_id_is_sent(self, post, now, monkeypatch):
        """As if killed after the server took it: nothing was recorded."""
        queue(now, "a")

        def killed(*_args, **_kwargs):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("outbox.services.delivery.record", killed)
            with pytest.raises(KeyboardInterrupt):
                deliver_mails(now=now)
        assert (message().state, message().attempts) == ("pending", 1)
        assert deliver_mails(now=now + LEASE - timedelta(seconds=30)) == 0
        assert deliver_mails(now=now + LEASE + timedelta(seconds=1)) == 1
        assert post.ids == [message().message_id] * 2

    def test_what_kills_its_worker_each_time_is_stuck_in_the_end(self, post, now):
        queue(now, "a")
        Message.objects.update(attempts=MOST_TRIES)
        deliver_mails(now=now)
        assert (message().state, post.received) == ("stuck", [])
        assert "never came back" in message().last_error

    def test_giving_up_and_taking_it_back(self, post, now):
        (a,) = queue(now, "a")
        ada = UserFactory(name="Ada")
        assert withhold_mails(message_ids=[a], now=now, actor=ada) == 0
        Message.objects.update(state=MessageState.STUCK, next_attempt_at=None)
        assert withhold_mails(message_ids=[a], now=now, actor=ada) == 1
        assert (message().state, message().last_error) == ("withheld", "Ada gave it up.")
        assert retry_mails(message_ids=[a], now=now, actor=ada) == 1
        deliver_mails(now=now)
        assert states() == {"a": "sent"}


def test_the_plain_backend_sends_ordinary_mail_too(post):
    assert EmailMessage("Reset", "Your link", to=["ada@firma.example"]).send() == 1
    assert post.subjects == ["Reset"]


@pytest.mark.django_db(transaction=True)
def test_only_so_many_send_at_once(post, now, settings):
    """A second worker leaves at once while the first has the only place; with two places both send."""
    queue(now, "a")
    taken, done = threading.Event(), threading.Event()

    def other() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, 0)", [SENDERS_LOCK])
            taken.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    assert taken.wait(10)
    assert deliver_mails(now=now) == 0
    settings.EMAIL_SENDERS = 2
    assert deliver_mails(now=now) == 1
    done.set()
    thread.join(10)


@pytest.mark.django_db(transaction=True)
def test_several_workers_share_the_work_and_send_each_once(post, now, settings):
    settings.EMAIL_SENDERS = 3
    queue(now, *map(str, range(60)))

    def work() -> None:
        deliver_mails(now=now)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(post.ids) == sorted(Message.objects.values_list("message_id", flat=True))
    assert set(states().values()) == {"sent"}
