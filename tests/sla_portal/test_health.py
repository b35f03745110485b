"""Settings, Health: each check when all is well, and what it says when it is not."""

import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.urls import reverse
from redis import Redis

from leads.models import ImportJob, ImportState
from outbox.models import Channel, Message, MessageState
from sla_portal import health
from sla_portal.tasks import HEARTBEAT, heartbeat
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alive(now):
    """A worker that answered ten seconds ago."""
    cache.set(HEARTBEAT, now - timedelta(seconds=10))
    yield
    cache.delete(HEARTBEAT)


def check(name, now):
    (found,) = [each for each in health.check_health(now=now) if each.name == name]
    return found


def test_all_is_well(now):
    checks = health.check_health(now=now)
    assert [each.name for each in checks if not each.ok] == []
    assert [each.advice for each in checks] == [""] * len(checks)
    assert check("Worker and beat", now).words == "Last sign of life 10 s ago"
    assert check("Database", now).words.startswith("PostgreSQL")


def test_every_check_has_advice():
    assert all(str(advice) for _, _, advice in health.CHECKS)


def test_a_worker_that_fell_silent(now):
    found = check("Worker and beat", now + timedelta(minutes=2))
    assert (found.ok, found.words) == (False, "Last sign of life 130 s ago")
    assert "./portal up" in found.advice


def test_a_worker_that_never_answered(now):
    cache.delete(HEARTBEAT)
    assert not check("Worker and beat", now).ok


def test_the_heartbeat_is_what_is_looked_for():
    cache.delete(HEARTBEAT)
    heartbeat()
    assert cache.get(HEARTBEAT) is not None


def test_a_long_queue(now, monkeypatch):
    monkeypatch.setattr(Redis, "llen", lambda self, name: health.LONGEST_QUEUE + 1)
    found = check("Tasks in the queue", now)
    assert (found.ok, found.words) == (False, "501 tasks wait")


def test_a_check_that_raises_has_failed_and_keeps_its_advice(now, monkeypatch):
    def unreachable(self, name):
        raise ConnectionError("Connection refused")

    monkeypatch.setattr(Redis, "llen", unreachable)
    found = check("Tasks in the queue", now)
    assert (found.ok, found.words) == (False, "Connection refused")
    assert found.advice


@pytest.mark.parametrize(
    ("state", "started", "worked", "ok"),
    [
        (ImportState.UPLOADED, None, None, True),
        (ImportState.WAITING, 1, None, True),  # mapped for an hour, then started
        (ImportState.WAITING, 6, None, False),
        (ImportState.RUNNING, 50, 1, True),
        (ImportState.RUNNING, 50, 6, False),  # whoever worked on it is gone
        (ImportState.WAITING, 50, 1, True),  # let go on just now
        (ImportState.STOPPED, 50, 40, True),
        (ImportState.DONE, 50, 40, True),
    ],
)
def test_an_import_that_waits_for_its_turn(now, state, started, worked, ok):
    def ago(minutes):
        return None if minutes is None else now - timedelta(minutes=minutes)

    ImportJob.objects.create(
        file_name="leads.csv", created_at=ago(60), state=state, started_at=ago(started), worked_at=ago(worked)
    )
    found = check("Imports", now)
    assert (found.ok, found.words) == (ok, "None waits" if ok else "1 import waits for a worker")


def test_a_message_that_is_stuck(now):
    Message.objects.create(
        channel=Channel.EMAIL, dedup_key="a", kind="k", state=MessageState.STUCK, created_at=now
    )
    assert check("Messages", now).words == "1 message is stuck"


def test_a_full_disk(now, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=100 * 1024**2))
    found = check("Disk", now)
    assert not found.ok
    assert "Make room" in found.advice


def test_the_data_directory_need_not_exist_yet(now, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "not" / "yet"
    assert check("Disk", now).ok


def test_the_page_refreshes_its_inside(client):
    client.force_login(UserFactory(admin=True))
    cache.delete(HEARTBEAT)
    page = client.get(reverse("health")).content.decode()
    assert "1 check failed" in page
    assert "Start a worker and beat" in page
    inside = client.get(reverse("health"), headers={"HX-Request": "true"}).content.decode()
    assert "1 check failed" in inside
    assert "<html" not in inside


def test_settings_shows_only_what_one_may_open(client):
    shown = {}
    for role in ("admin", "rep"):
        client.force_login(UserFactory(role=role))
        shown[role] = [page.url for page in client.get(reverse("settings")).context["pages"]]
    assert reverse("accounts:people") in shown["admin"]
    assert reverse("health") in shown["admin"]
    assert shown["rep"] == [reverse("accounts:profile")]


class TestForTheBalancer:
    def test_it_answers_when_all_is_reachable(self, client):
        assert client.get(reverse("alive")).json() == {"status": "ok"}

    def test_it_answers_503_when_the_database_is_gone(self, client, monkeypatch):
        def gone(*args, **kwargs):
            raise OperationalError("server closed the connection")

        monkeypatch.setattr("sla_portal.views.connection.cursor", gone)
        response = client.get(reverse("alive"))
        assert (response.status_code, response.json()) == (503, {"status": "unreachable"})
