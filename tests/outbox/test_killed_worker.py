"""A real worker, killed with SIGKILL after the server took an e-mail and before that was recorded."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as portal
from django.db import connection
from django.utils import timezone

from outbox.models import Message, MessageState
from outbox.services import Mail, queue_mails
from outbox.services.delivery import LEASE

pytestmark = [pytest.mark.slow, pytest.mark.outside, pytest.mark.django_db(transaction=True)]

WORKER = """
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = {database!r}
from outbox.tasks import deliver_mails
print("ready", flush=True)
deliver_mails()
"""


@pytest.fixture
def start(post: Any) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a worker process that works off what waits, on the test's database and mail server."""
    started: list[subprocess.Popen[bytes]] = []

    def start_one() -> subprocess.Popen[bytes]:
        code = WORKER.format(database=connection.settings_dict["NAME"])
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "EMAIL_URL": f"smtp://127.0.0.1:{post.port}",
        }
        worker = subprocess.Popen(
            [sys.executable, "-c", code], cwd=portal.BASE_DIR, env=environment, stdout=subprocess.PIPE
        )
        started.append(worker)
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        return worker

    yield start_one
    for worker in started:
        worker.kill()
        worker.wait(10)
        if worker.stdout is not None:
            worker.stdout.close()


def wait_for(what: Callable[[], Any]) -> None:
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end, "it did not happen within half a minute"
        time.sleep(0.05)


def test_killed_between_sending_and_recording_it_is_sent_again_with_the_same_id(
    post: Any, start: Any
) -> None:
    """The server holds its answer while it already has the e-mail; there the kill hits."""
    now = timezone.now()
    queue_mails(
        [Mail("ada@firma.example", f"Offer {key}", "Read this.", key) for key in ("first", "second")], now=now
    )
    post.on_data[:] = [8.0]
    worker = start()
    wait_for(lambda: post.received)
    os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait(10) == -signal.SIGKILL

    taken = Message.objects.mails().order_by("pk")
    assert [(each.state, each.attempts) for each in taken] == [(MessageState.PENDING, 1)] * 2
    assert all(each.next_attempt_at > now + LEASE - timedelta(seconds=30) for each in taken)

    assert start().wait(30) == 0
    assert len(post.received) == 1, "the lease of the killed worker still holds"

    Message.objects.mails().update(next_attempt_at=now)  # as if the lease had run out
    assert start().wait(30) == 0
    first, second = taken.values_list("message_id", flat=True)
    assert post.ids == [first, first, second]
    assert {each.state for each in taken.all()} == {MessageState.SENT}
