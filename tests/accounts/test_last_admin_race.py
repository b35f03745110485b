"""Two administrators remove each other at the same moment, over two real connections."""

import threading

import pytest
from django.db import connections, transaction

from accounts import services
from accounts.models import User
from accounts.roles import Role
from tests.factories.accounts import UserFactory
from tests.factories.locks import wait_till_somebody_waits_for_us

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.outside]


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
