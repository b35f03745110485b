"""Every change to people, teams and tokens, and what is refused."""

from datetime import timedelta

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError, transaction

from accounts import services
from accounts.models import ApiToken, Team, User
from accounts.roles import Role, Scope, Side
from accounts.signals import role_changed, user_deactivated
from tests.factories.accounts import PASSWORD, TeamFactory, UserFactory, plain_token

pytestmark = pytest.mark.django_db


def create(now, **values):
    asked = {"email": "mia@example.com", "name": "Mia Chen", "role": Role.REP} | values
    return services.create_user(**asked, now=now, actor=None)


def update(user, now, **values):
    kept = {"email": user.email, "name": user.name, "role": Role(user.role), "team": user.team}
    return services.update_user(user=user, **(kept | values), now=now, actor=None)


class TestPeople:
    def test_create_user_keeps_the_address_in_lower_case(self, now):
        team = TeamFactory()
        create(now, email=" Mia@Example.COM ", name=" Mia Chen ", team=team, time_zone="Asia/Tokyo")
        fields = ("email", "name", "role", "team", "is_active", "time_zone", "language", "created_at")
        assert User.objects.values_list(*fields).get() == (
            "mia@example.com",
            "Mia Chen",
            "rep",
            team.pk,
            True,
            "Asia/Tokyo",
            "en",
            now,
        )

    def test_create_user_without_password_cannot_log_in_yet(self, now):
        assert not create(now).has_usable_password()

    def test_create_user_with_password(self, now):
        assert create(now, password=PASSWORD).check_password(PASSWORD)

    def test_create_user_with_a_taken_address_in_another_case_is_refused(self, now):
        create(now)
        with pytest.raises(services.EmailTaken, match=r"Somebody already logs in with mia@example\.com"):
            create(now, email="MIA@example.com")
        assert User.objects.count() == 1

    def test_create_user_in_an_unknown_time_zone_is_refused(self, now):
        with pytest.raises(services.UnknownTimeZone, match="Mars/Olympus"):
            create(now, time_zone="Mars/Olympus")

    def test_the_database_refuses_an_address_in_capitals(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(pk=UserFactory().pk).update(email="Loud@example.com")

    def test_update_user_changes_role_and_team(self, now):
        user, team = UserFactory(), TeamFactory()
        update(user, now, name="Mia Ito", role=Role.SALES_MANAGER, team=team, email="Mia.Ito@example.com")
        user.refresh_from_db()
        assert (user.name, user.role, user.team, user.email) == (
            "Mia Ito",
            "sales_manager",
            team,
            "mia.ito@example.com",
        )

    def test_update_user_to_a_taken_address_is_refused(self, now):
        mia, ben = UserFactory(), UserFactory()
        with pytest.raises(services.EmailTaken):
            update(mia, now, email=ben.email.upper())

    def test_update_profile_in_an_unknown_time_zone_is_refused(self):
        user = UserFactory()
        with pytest.raises(services.UnknownTimeZone):
            services.update_profile(user=user, name="Mia", time_zone="Berlin", language="en")
        user.refresh_from_db()
        assert user.time_zone == "Europe/Berlin"

    def test_changes_are_tracked(self, now):
        user = create(now)
        update(user, now, role=Role.LEADERSHIP)
        services.deactivate_user(user=user, now=now, actor=None)
        assert list(user.events.order_by("pgh_id").values_list("role", "is_active")) == [
            ("rep", True),
            ("leadership", True),
            ("leadership", False),
        ]


class TestLastAdmin:
    def test_demoting_is_refused(self, now):
        admin = UserFactory(admin=True)
        UserFactory(admin=True, is_active=False)
        with pytest.raises(services.LastAdmin, match="last administrator"):
            update(admin, now, role=Role.LEADERSHIP)
        admin.refresh_from_db()
        assert admin.role == Role.ADMIN

    def test_deactivating_is_refused(self, now):
        admin = UserFactory(admin=True)
        with pytest.raises(services.LastAdmin):
            services.deactivate_user(user=admin, now=now, actor=admin)
        admin.refresh_from_db()
        assert admin.is_active

    def test_one_of_two_may_go(self, now):
        leaving, staying = UserFactory.create_batch(2, admin=True)
        services.deactivate_user(user=leaving, now=now, actor=staying)
        with pytest.raises(services.LastAdmin):
            update(staying, now, role=Role.REP)

    def test_the_last_admin_may_be_renamed(self, now):
        assert update(UserFactory(admin=True), now, name="Ada King").name == "Ada King"


class TestChangingTheRole:
    def test_it_tells_upper_apps_where_it_changes(self, now):
        user, heard = UserFactory(role=Role.REP), []

        def hear(sender, **facts):
            heard.append({key: facts[key] for key in ("user_ids", "now", "actor")})

        role_changed.connect(hear)
        try:
            update(user, now, role=Role.REP)
            update(user, now, role=Role.LEADERSHIP)
        finally:
            role_changed.disconnect(hear)
        assert heard == [{"user_ids": [user.pk], "now": now, "actor": None}]


class TestDeactivating:
    def test_it_ends_sessions_and_tokens_and_tells_upper_apps(self, now):
        user, admin = UserFactory(), UserFactory(admin=True)
        token, _ = plain_token(user)
        old, _ = plain_token(user)
        services.revoke_api_token(token=old, now=now - timedelta(days=3), actor=None)
        session_hash, heard = user.get_session_auth_hash(), []

        def hear(sender, **facts):
            heard.append({key: facts[key] for key in ("user_ids", "now", "actor")})

        user_deactivated.connect(hear)
        try:
            services.deactivate_user(user=user, now=now, actor=admin)
            services.deactivate_user(user=user, now=now + timedelta(days=1), actor=admin)
        finally:
            user_deactivated.disconnect(hear)
        assert heard == [{"user_ids": [user.pk], "now": now, "actor": admin}]
        assert (user.is_active, user.sessions_ended_at) == (False, now)
        token.refresh_from_db()
        old.refresh_from_db()
        assert (token.revoked_at, old.revoked_at) == (now, now - timedelta(days=3))
        services.reactivate_user(user=user, now=now, actor=admin)
        assert user.is_active
        assert user.check_password(PASSWORD)
        assert user.get_session_auth_hash() != session_hash
        assert not ApiToken.objects.usable(now=now).exists()

    def test_sessions_of_an_earlier_secret_end_too(self, now, settings):
        user = UserFactory()
        settings.SECRET_KEY_FALLBACKS = ["the one before"]
        before = list(user.get_session_auth_fallback_hash())
        services.end_sessions(user=user, now=now)
        assert list(user.get_session_auth_fallback_hash()) != before

    def test_the_session_hash_survives_reading_from_the_database(self, now):
        user = UserFactory()
        services.end_sessions(user=user, now=now + timedelta(microseconds=123457))
        assert User.objects.get().get_session_auth_hash() == user.get_session_auth_hash()


def test_password_link_leads_to_a_token_for_this_person_alone():
    mia, ben = UserFactory(), UserFactory()
    uid, token = services.password_link(mia).strip("/").split("/")[-2:]
    assert uid
    assert default_token_generator.check_token(mia, token)
    assert not default_token_generator.check_token(ben, token)


class TestTeams:
    def test_create_and_update(self, now):
        manager = UserFactory(sales_manager=True)
        team = services.create_team(name=" Inbound ", side=Side.SALES, manager=None, now=now, actor=None)
        services.update_team(
            team=team, name="Outbound", side=Side.SALES, manager=manager, now=now, actor=None
        )
        assert Team.objects.values_list("name", "side", "manager").get() == ("Outbound", "sales", manager.pk)

    def test_a_taken_name_is_refused(self, now):
        TeamFactory(name="Inbound")
        other = TeamFactory(name="Outbound")
        with pytest.raises(services.TeamNameTaken, match="already a team called Inbound"):
            services.create_team(name="Inbound", side=Side.SALES, manager=None, now=now, actor=None)
        with pytest.raises(services.TeamNameTaken):
            services.update_team(
                team=other, name="Inbound", side=Side.SALES, manager=None, now=now, actor=None
            )

    def test_an_empty_team_is_deleted(self, now):
        services.delete_team(team=TeamFactory(), now=now, actor=None)
        assert not Team.objects.exists()

    def test_a_team_with_people_says_how_many(self, now):
        team = TeamFactory()
        UserFactory.create_batch(2, team=team)
        with pytest.raises(services.TeamInUse, match=r"2 people are in this team\. Move them"):
            services.delete_team(team=team, now=now, actor=None)
        assert Team.objects.exists()


class TestTokens:
    def test_only_the_digest_is_kept(self, now):
        mia, admin = UserFactory(), UserFactory(admin=True)
        token, plain = services.create_api_token(
            user=mia,
            name=" CRM ",
            scopes=["leads:write", "leads:read", "leads:read"],
            now=now,
            actor=admin,
            expires_at=now + timedelta(days=90),
        )
        assert plain.startswith("sla_")
        assert len(plain) > 60
        row = ApiToken.objects.values().get()
        assert plain not in str(row)
        assert row == {
            "digest": token.digest,
            "token_key": plain[:15],
            "user_id": mia.pk,
            "name": "CRM",
            "scopes": ["leads:read", "leads:write"],
            "created": now,
            "created_by_id": admin.pk,
            "expiry": now + timedelta(days=90),
            "last_used_at": None,
            "revoked_at": None,
        }

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"scopes": []}, "at least one"),
            ({"scopes": ["leads:read", "leads:erase"]}, "no scope leads:erase"),
            ({"expires_at": timedelta(0)}, "expire in the past"),
            ({"expires_at": timedelta(days=3654)}, "within ten years"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, now, values, words):
        asked = {"scopes": list(Scope), "expires_at": timedelta(days=1)} | values
        asked["expires_at"] += now
        with pytest.raises(services.TokenRefused, match=words):
            services.create_api_token(user=UserFactory(), name="x", now=now, actor=None, **asked)
        assert not ApiToken.objects.exists()

    def test_none_is_made_for_somebody_who_may_not_log_in(self, now):
        with pytest.raises(services.TokenRefused, match="may not log in"):
            plain_token(UserFactory(is_active=False), now=now)

    def test_revoking_twice_keeps_the_first_instant(self, now):
        token, _ = plain_token(UserFactory())
        services.revoke_api_token(token=token, now=now, actor=None)
        services.revoke_api_token(token=token, now=now + timedelta(hours=1), actor=None)
        assert token.revoked_at == now

    def test_use_is_noted_once_a_minute(self, now, django_assert_num_queries):
        token, _ = plain_token(UserFactory())
        services.note_token_use(token=token, now=now)
        token.refresh_from_db()
        with django_assert_num_queries(0):
            services.note_token_use(token=token, now=now + timedelta(seconds=59))
        services.note_token_use(token=token, now=now + timedelta(seconds=60))
        token.refresh_from_db()
        assert token.last_used_at == now + timedelta(seconds=60)
