"""Telling people things: each once, whole batches in one statement."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from outbox.models import Channel, Message, MessageState, Notice
from outbox.services import Tell, mark_read, mark_unread, tell
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def told(user, key, **values):
    return Tell(user_id=user.pk, kind="handoff.assigned", title=f"Title {key}", dedup_key=key, **values)


def test_tell_writes_sent_message_and_unread_notice(now):
    mia = UserFactory()
    tell([told(mia, "h1", body="Call soon.", url="/leads/1/", urgent=True)], now=now)
    message = Message.objects.filter(channel=Channel.IN_APP).values(
        "channel", "dedup_key", "user", "kind", "context", "state", "attempts", "created_at", "sent_at"
    )
    assert list(message) == [
        {
            "channel": Channel.IN_APP,
            "dedup_key": "h1",
            "user": mia.pk,
            "kind": "handoff.assigned",
            "context": {},
            "state": MessageState.SENT,
            "attempts": 1,
            "created_at": now,
            "sent_at": now,
        }
    ]
    notice = Notice.objects.values("user", "title", "body", "url", "urgent", "created_at", "read_at")
    assert list(notice) == [
        {
            "user": mia.pk,
            "title": "Title h1",
            "body": "Call soon.",
            "url": "/leads/1/",
            "urgent": True,
            "created_at": now,
            "read_at": None,
        }
    ]
    assert Notice.objects.get().message == Message.objects.get(channel=Channel.IN_APP)


def test_tell_again_tells_only_what_is_new(now):
    mia = UserFactory()
    assert tell([told(mia, "a"), told(mia, "b")], now=now) == 2
    Notice.objects.update(read_at=now)
    assert tell([told(mia, "b"), told(mia, "c")], now=now + timedelta(hours=1)) == 1
    assert list(Notice.objects.order_by("pk").values_list("title", "read_at")) == [
        ("Title a", now),
        ("Title b", now),
        ("Title c", None),
    ]


def test_tell_a_key_twice_in_one_batch_tells_the_first(now):
    mia, ben = UserFactory(), UserFactory()
    assert tell([told(mia, "a", body="first"), told(ben, "a", body="second")], now=now) == 1
    assert list(Notice.objects.values_list("user", "body")) == [(mia.pk, "first")]


def test_tell_keeps_the_order_of_the_batch(now):
    mia = UserFactory()
    tell([told(mia, key) for key in ("z", "m", "a")], now=now)
    assert list(Notice.objects.order_by("pk").values_list("title", flat=True)) == [
        "Title z",
        "Title m",
        "Title a",
    ]


@pytest.mark.parametrize("count", [1, 300])
def test_tell_is_one_statement(now, django_assert_num_queries, count):
    mia = UserFactory()
    with django_assert_num_queries(1):
        assert tell([told(mia, f"k{n}") for n in range(count)], now=now) == count


def test_tell_nothing_asks_nothing(now, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert tell([], now=now) == 0


def test_tell_cuts_what_is_too_long(now):
    mia = UserFactory()
    tell([Tell(mia.pk, "import.done", "t" * 300, "long", body="b" * 600)], now=now)
    notice = Notice.objects.get()
    assert (notice.title, notice.body) == ("t" * 199 + "…", "b" * 499 + "…")


def test_tell_rolls_back_with_the_act(now):
    mia = UserFactory()
    with transaction.atomic():
        tell([told(mia, "a")], now=now)
        transaction.set_rollback(True)
    assert not Message.objects.exists()
    assert not Notice.objects.exists()


def test_same_key_may_be_told_once_on_every_channel(now):
    mia = UserFactory()
    tell([told(mia, "a")], now=now)
    Message.objects.create(
        channel=Channel.EMAIL, dedup_key="a", user=mia, kind="k", created_at=now, next_attempt_at=now
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(channel=Channel.EMAIL, dedup_key="a", user=mia, kind="k", created_at=now)
    assert [message.channel for message in Message.objects.waiting(now=now)] == [Channel.EMAIL]
    assert not Message.objects.waiting(now=now - timedelta(seconds=1))


def test_mark_read_marks_only_ones_own_and_once(now):
    mia, ben = UserFactory(), UserFactory()
    tell([told(mia, "a"), told(mia, "b"), told(ben, "c")], now=now)
    mine = Notice.objects.filter(user=mia).order_by("pk")
    first, bens = mine[0].pk, Notice.objects.get(user=ben).pk
    assert mark_read(user=mia, now=now, notice_ids=[first, bens]) == 1
    assert mark_read(user=mia, now=now + timedelta(hours=1)) == 1
    assert mark_read(user=mia, now=now + timedelta(hours=2)) == 0
    assert [notice.read_at for notice in mine] == [now, now + timedelta(hours=1)]
    assert Notice.objects.get(user=ben).read_at is None


def test_mark_unread_undoes_reading(now):
    mia, ben = UserFactory(), UserFactory()
    tell([told(mia, "a"), told(ben, "b")], now=now)
    mark_read(user=mia, now=now)
    mark_read(user=ben, now=now)
    everyones = list(Notice.objects.values_list("pk", flat=True))
    assert mark_unread(user=mia, notice_ids=everyones) == 1
    assert list(Notice.objects.unread().values_list("user", flat=True)) == [mia.pk]
