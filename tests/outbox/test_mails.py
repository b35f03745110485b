"""Queueing e-mails: whole batches in one statement, each once, nothing in a header that breaks out of it."""

from datetime import timedelta

import pytest
from django.db import transaction

from outbox.models import Channel, Message, MessageState, Notice
from outbox.services import Mail, Tell, answer_kept, empty_old_mails, keeping_mails, queue_mails, tell
from outbox.services.mails import address_problem
from outbox.signals import mails_refused, mails_sent
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def with_server(settings):
    settings.EMAIL_IS_SET = True
    settings.DEFAULT_FROM_EMAIL = "SLA portal <portal@portal.example.com>"
    settings.PORTAL_URL = "https://portal.example.com"


def mail(key="a", **values):
    values = {"to": "ada@firma.example", "subject": "An offer", "text": "Read this."} | values
    return Mail(dedup_key=key, **values)


def test_queue_mails_writes_what_will_be_sent(now):
    (pk,) = queue_mails(
        [mail(html="<p>Read this.</p>", headers={"List-Id": "offers"}, kind="nurture", to_name="Ada King")],
        now=now,
    )
    message = Message.objects.values().get(pk=pk)
    assert message.pop("message_id").endswith("@portal.example.com>")
    assert message == {
        "id": pk,
        "channel": Channel.EMAIL,
        "dedup_key": "a",
        "user_id": None,
        "kind": "nurture",
        "context": {},
        "state": MessageState.PENDING,
        "attempts": 0,
        "next_attempt_at": now,
        "created_at": now,
        "sent_at": None,
        "to": "ada@firma.example",
        "to_name": "Ada King",
        "subject": "An offer",
        "text": "Read this.",
        "html": "<p>Read this.</p>",
        "headers": {"List-Id": "offers"},
        "last_error": "",
        "emptied_at": None,
    }


def test_queue_mails_again_queues_only_what_is_new_and_keeps_the_order(now):
    (first,) = queue_mails([mail("b")], now=now)
    ids = queue_mails([mail("z"), mail("b"), mail("a"), mail("z", subject="Second")], now=now)
    assert [pk is None for pk in ids] == [False, True, False, True]
    assert list(Message.objects.values_list("dedup_key", "subject").order_by("dedup_key")) == [
        ("a", "An offer"),
        ("b", "An offer"),
        ("z", "An offer"),
    ]
    assert {ids[0], ids[2], first} == set(Message.objects.values_list("pk", flat=True))
    assert Message.objects.get(pk=ids[2]).dedup_key == "a"


@pytest.mark.parametrize("count", [1, 300])
def test_queue_mails_is_one_statement(now, django_assert_num_queries, count):
    with django_assert_num_queries(1):
        ids = queue_mails([mail(f"k{n}") for n in range(count)], now=now)
    assert None not in ids
    assert Message.objects.values("message_id").distinct().count() == count


def test_queue_nothing_asks_nothing(now, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert queue_mails([], now=now) == []


def test_queue_mails_rolls_back_with_the_act(now):
    with transaction.atomic():
        queue_mails([mail()], now=now)
        transaction.set_rollback(True)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@", "@firma.example", "a b@firma.example", "ada@firma.example\nBcc: x@y.example"],
)
def test_a_wrong_address_is_refused_at_once_and_the_rest_of_the_batch_is_not(now, address):
    wrong, right = queue_mails([mail("wrong", to=address), mail("right")], now=now)
    refused = Message.objects.get(pk=wrong)
    assert (refused.state, refused.next_attempt_at) == (MessageState.REFUSED, None)
    assert refused.last_error.endswith("is no e-mail address.")
    assert Message.objects.get(pk=right).state == MessageState.PENDING


def test_address_problem_is_empty_for_what_may_be_sent():
    assert address_problem("ada+offers@firma.example") == ""
    assert address_problem("ada@") == "“ada@” is no e-mail address."


def test_line_breaks_never_reach_a_header(now):
    queue_mails(
        [
            mail(
                subject="Hi\r\nBcc: eve@evil.example\x00",
                to_name="Ada\nKing",
                headers={"X-Lead": "1\r\nBcc: e"},
            )
        ],
        now=now,
    )
    message = Message.objects.get()
    assert message.subject == "Hi Bcc: eve@evil.example"
    assert message.to_name == "Ada King"
    assert message.headers == {"X-Lead": "1 Bcc: e"}


@pytest.mark.parametrize("name", ["Bcc", "message-id", "X Y", "X:Y", "X\n", "", "Ä"])
def test_headers_that_are_not_the_callers_are_a_mistake(now, name):
    with pytest.raises(ValueError, match="no header"):
        queue_mails([mail(headers={name: "1"})], now=now)


def test_text_the_database_cannot_hold_is_left_out(now):
    queue_mails([mail(text="a\x00b\ud800c\n", html="<p>\x00</p>", subject="s" * 300)], now=now)
    message = Message.objects.get()
    assert (message.text, message.html) == ("abc\n", "<p></p>")
    assert message.subject == "s" * 249 + "…"


def test_without_a_server_mails_are_kept(now, settings):
    settings.EMAIL_IS_SET = False
    queue_mails([mail()], now=now)
    assert list(Message.objects.values_list("state", "next_attempt_at")) == [(MessageState.KEPT, None)]


def test_a_made_up_history_has_a_made_up_server_and_real_life_has_none(now):
    heard = []

    def hear(sender, message_ids, now, **_):
        heard.append((message_ids, now))

    mails_sent.connect(hear)
    mails_refused.connect(hear)
    with keeping_mails():
        a, b = queue_mails([Mail("a@x.example", "A", "", "a"), Mail("b@x.example", "B", "", "b")], now=now)
        assert answer_kept(refused={b: "550 No such user"}, now=now) == 2
        assert answer_kept(now=now) == 0
    states = dict(Message.objects.values_list("pk", "state"))
    assert states == {a: "sent", b: "refused"}
    assert {message.context["made_up"] for message in Message.objects.all()} == {True}
    assert heard[:2] == [([a], now), ([b], now)]
    queue_mails([Mail("c@x.example", "C", "", "c")], now=now)
    with pytest.raises(RuntimeError):
        answer_kept(now=now)


def test_inside_keeping_mails_they_are_kept_whatever_is_set(now):
    with keeping_mails():
        queue_mails([mail("a")], now=now)
    queue_mails([mail("b")], now=now)
    states = Message.objects.order_by("dedup_key").values_list("state", flat=True)
    assert list(states) == [MessageState.KEPT, MessageState.PENDING]


def say(user, key, **values):
    return Tell(user_id=user.pk, kind="handoff.assigned", title=f"Title {key}", dedup_key=key, **values)


def test_an_urgent_notice_is_also_an_e_mail_to_its_reader(now):
    mia = UserFactory(name="Mia Chen", email="mia@firma.example")
    tell([say(mia, "a", body="Call Ada.", url="/leads/1/", urgent=True), say(mia, "b")], now=now)
    message = Message.objects.mails().get()
    assert (message.dedup_key, message.user, message.to, message.to_name) == ("a", mia, mia.email, mia.name)
    assert (message.state, message.next_attempt_at, message.kind) == ("pending", now, "handoff.assigned")
    assert message.subject == "Title a"
    assert message.text == (
        "Call Ada.\n\nhttps://portal.example.com/leads/1/\n\n-- \nYou get urgent notices by e-mail. "
        "Change that in your account: https://portal.example.com/settings/profile/"
    )
    assert Notice.objects.count() == 2


def test_whoever_does_not_want_e_mails_or_is_gone_gets_none(now):
    for reader in (UserFactory(urgent_by_email=False), UserFactory(is_active=False)):
        tell([say(reader, f"a-{reader.pk}", urgent=True)], now=now)
    assert not Message.objects.mails().exists()
    assert Notice.objects.count() == 2


def test_an_urgent_notice_told_again_is_mailed_once(now):
    mia = UserFactory()
    for _again in range(2):
        tell([say(mia, "a", urgent=True)], now=now)
    assert Message.objects.mails().count() == 1


@pytest.mark.parametrize("count", [1, 300])
def test_tell_with_e_mails_is_still_one_statement(now, django_assert_num_queries, count):
    mia = UserFactory()
    with django_assert_num_queries(1):
        assert tell([say(mia, f"k{n}", urgent=True) for n in range(count)], now=now) == count
    assert Message.objects.mails().count() == count


def test_old_mails_lose_their_text_and_stay_told(now):
    with keeping_mails():
        queue_mails([mail("kept", html="<p>x</p>", headers={"X-A": "1"})], now=now)
    queue_mails([mail("waits"), mail("stuck")], now=now)
    Message.objects.filter(dedup_key="stuck").update(state=MessageState.STUCK)
    later = now + timedelta(days=91)
    assert empty_old_mails(now=now + timedelta(days=89)) == 0
    assert empty_old_mails(now=later) == 1
    assert empty_old_mails(now=later) == 0
    emptied = Message.objects.get(dedup_key="kept")
    assert (emptied.text, emptied.html, emptied.headers, emptied.emptied_at) == ("", "", {}, later)
    assert Message.objects.filter(emptied_at=None, text="Read this.").count() == 2
    assert queue_mails([mail("kept")], now=later) == [None]
