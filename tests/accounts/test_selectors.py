"""Reads that join people, teams and tokens."""

from datetime import timedelta

import pytest

from accounts import selectors, services
from accounts.models import ApiToken, User
from accounts.roles import Capability
from tests.factories.accounts import TeamFactory, UserFactory, plain_token

pytestmark = pytest.mark.django_db


def test_able_to_knows_roles_and_who_may_log_in():
    manager = UserFactory(sales_manager=True)
    UserFactory(sales_manager=True, is_active=False)
    UserFactory(rep=True)
    admin = UserFactory(admin=True)
    assert set(User.objects.able_to(Capability.MANAGE_HANDOFFS)) == {manager, admin}


def test_teams_count_people_who_may_log_in(django_assert_num_queries):
    team = TeamFactory(manager=UserFactory(sales_manager=True))
    UserFactory.create_batch(2, team=team)
    UserFactory(team=team, is_active=False)
    empty = TeamFactory()
    with django_assert_num_queries(1):
        found = {each: (each.people, each.manager and each.manager.name) for each in selectors.teams()}
    assert found == {team: (2, team.manager.name), empty: (0, None)}


def test_tokens_at_work_and_those_that_ended(now):
    mia = UserFactory()
    at_work, revoked, expired = (plain_token(mia)[0] for _ in range(3))
    services.revoke_api_token(token=revoked, now=now, actor=None)
    ApiToken.objects.filter(pk=expired.pk).update(expiry=now - timedelta(seconds=1))
    gone = UserFactory()
    of_gone = plain_token(gone)[0]
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert set(selectors.tokens(now=now)) == {at_work}
    assert set(selectors.tokens(now=now, usable=False)) == {revoked, expired, of_gone}


def test_find_token_wants_the_whole_plain_text():
    token, plain = plain_token(UserFactory())
    assert selectors.find_token(plain) == token
    assert selectors.find_token(plain[:-1]) is None
    assert selectors.find_token(token.digest) is None
