"""Two administrators remove each other at the same moment, over two real connections."""

import threading
import time

import pytest
from django.db import connection, connections, transaction

from accounts import services
from accounts.models import User
from accounts.roles import Role
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.outside]


def wait_till_somebody_waits_for_us():
    """Another connection stands behind a lock that this one holds."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def demote(admin, now):
    services.update_user(
        user=admin, email=admin.email, name=admin.name, role=Role.REP, team=None, now=now, actor=None
    )


def deactivate(admin, now):
    services.deactivate_user(user=admin, now=now, actor=None)


@pytest.mark.parametrize("second_act", [demote, deactivate])
@pytest.mark.parametrize("first_act", [demote, deactivate])
def test_the_second_of_two_is_refused(now, first_act, second_act):
    first, second = UserFactory.create_batch(2, admin=True)
    outcome = []

    def go_second():
        try:
            second_act(second, now)
            outcome.append("gone")
        except services.LastAdmin:
            outcome.append("refused")
        finally:
            connections.close_all()

    thread = threading.Thread(target=go_second)
    with transaction.atomic():
        first_act(first, now)
        thread.start()
        wait_till_somebody_waits_for_us()
    thread.join(timeout=10)
    assert outcome == ["refused"]
    assert list(User.objects.active().filter(role=Role.ADMIN)) == [second]
