"""Pages of people, teams, tokens and one's own account, and the way in."""

import re
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import ApiToken, Team, User
from accounts.roles import Role, Scope
from accounts.selectors import find_token
from accounts.services import deactivate_user, password_link
from tests.factories.accounts import PASSWORD, TeamFactory, UserFactory, plain_token

pytestmark = pytest.mark.django_db
STRONG = "Kestrel over the weir 7"


@pytest.fixture
def admin():
    return UserFactory(admin=True, name="Ada King", email="ada@example.com")


@pytest.fixture
def as_admin(client, admin):
    client.force_login(admin)
    return client


def log_in(client, email, password=PASSWORD, **more):
    return client.post(reverse("login"), {"username": email, "password": password, **more})


def is_in(client):
    return client.get(reverse("accounts:profile")).status_code == 200


def shown_words(response):
    return [str(message) for message in response.context["messages"]]


class TestWayIn:
    @pytest.mark.parametrize("typed", ["mia@example.com", "MIA@Example.com", " mia@example.com "])
    def test_log_in_by_email_in_any_case(self, client, typed):
        UserFactory(email="mia@example.com")
        assert log_in(client, typed).status_code == 302
        assert is_in(client)

    def test_a_wrong_password_keeps_what_was_typed_and_says_so(self, client):
        UserFactory(email="mia@example.com")
        page = log_in(client, "mia@example.com", "wrong").content.decode()
        assert "do not belong together" in page
        assert 'value="mia@example.com"' in page
        assert "wrong" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL).split("<form")[1]

    def test_somebody_deactivated_does_not_get_in(self, client):
        UserFactory(email="mia@example.com", is_active=False)
        assert log_in(client, "mia@example.com").status_code == 200
        assert not is_in(client)

    def test_one_goes_on_to_the_page_asked_for_but_not_to_another_site(self, client):
        UserFactory(email="mia@example.com")
        assert log_in(client, "mia@example.com", next="/settings/").url == "/settings/"
        client.logout()
        assert log_in(client, "mia@example.com", next="https://evil.example/").url == "/start/"

    def test_too_many_attempts_in_any_case_are_stopped_in_words(self, client, settings):
        UserFactory(email="mia@example.com")
        spellings = ["mia@example.com", "MIA@example.com", "Mia@example.com", "mIa@example.com"]
        for attempt in range(settings.AXES_FAILURE_LIMIT - 1):
            assert log_in(client, spellings[attempt % 4], "wrong").status_code == 200
        response = log_in(client, "mia@EXAMPLE.com", "wrong")
        assert response.status_code == 429
        assert "wrong 8 times. Wait 15 min" in response.content.decode()
        assert log_in(client, "mia@example.com").status_code == 429
        assert not is_in(client)

    def test_setting_a_password_by_a_link_ends_the_lock_out(self, client, settings):
        mia = UserFactory(email="mia@example.com")
        for _ in range(settings.AXES_FAILURE_LIMIT):
            log_in(client, "mia@example.com", "wrong")
        form = client.get(password_link(mia), follow=True)
        client.post(form.request["PATH_INFO"], {"new_password1": STRONG, "new_password2": STRONG})
        assert is_in(client)
        client.logout()
        assert log_in(client, "mia@example.com", STRONG).status_code == 302

    def test_an_address_that_is_locked_out_elsewhere_may_log_in_here(self, client, settings):
        UserFactory(email="mia@example.com")
        settings.TRUSTED_PROXIES = 1
        for _ in range(settings.AXES_FAILURE_LIMIT):
            client.post(
                reverse("login"),
                {"username": "mia@example.com", "password": "wrong"},
                headers={"X-Forwarded-For": "10.0.0.1, 203.0.113.9"},
            )
        here = {"X-Forwarded-For": "203.0.113.9, 198.51.100.4"}
        typed = {"username": "mia@example.com", "password": PASSWORD}
        assert client.post(reverse("login"), typed, headers=here).status_code == 302

    def test_log_out_is_by_post_only(self, client):
        client.force_login(UserFactory())
        assert client.get(reverse("logout")).status_code == 405
        assert is_in(client)
        assert client.post(reverse("logout")).url == reverse("login")
        assert not is_in(client)

    def test_log_in_page_speaks_the_chosen_language(self, client):
        client.post(reverse("set_language"), {"language": "ar", "next": "/login/"})
        assert 'dir="rtl"' in client.get(reverse("login")).content.decode()

    def test_the_language_is_kept_with_the_person(self, client):
        mia = UserFactory()
        client.force_login(mia)
        client.post(reverse("set_language"), {"language": "ar", "next": "/settings/"})
        client.post(reverse("set_language"), {"language": "tlh", "next": "/settings/"})
        mia.refresh_from_db()
        assert mia.language == "ar"


class TestPasswords:
    def test_reset_by_email(self, client):
        UserFactory(email="mia@example.com", name="Mia & Co")
        response = client.post(reverse("password_reset"), {"email": "Mia@Example.com"})
        assert response.url == reverse("password_reset_done")
        (sent,) = mail.outbox
        assert sent.to == ["mia@example.com"]
        assert "Hello Mia & Co," in sent.body
        link = re.search(r"http://testserver(/\S+)", sent.body)[1]
        form = client.get(link, follow=True)
        done = client.post(form.request["PATH_INFO"], {"new_password1": STRONG, "new_password2": STRONG})
        assert done.url == "/start/"
        assert is_in(client)
        assert User.objects.get().check_password(STRONG)
        client.logout()
        assert "no longer works" in client.get(link, follow=True).content.decode()

    @pytest.mark.parametrize("email", ["nobody@example.com", "gone@example.com"])
    def test_reset_does_not_tell_who_exists(self, client, email):
        UserFactory(email="gone@example.com", is_active=False)
        response = client.post(reverse("password_reset"), {"email": email})
        assert response.url == reverse("password_reset_done")
        assert mail.outbox == []

    def test_a_weak_password_is_refused_beside_the_field(self, client):
        link = password_link(UserFactory(password=None))
        form = client.get(link, follow=True)
        page = client.post(form.request["PATH_INFO"], {"new_password1": "short", "new_password2": "short"})
        assert "too short" in page.content.decode()
        assert not is_in(client)

    def test_the_link_of_somebody_deactivated_no_longer_works(self, client, now):
        mia = UserFactory()
        link = password_link(mia)
        deactivate_user(user=mia, now=now, actor=None)
        assert "no longer works" in client.get(link, follow=True).content.decode()

    def test_changing_ends_the_other_sessions(self, client, client_elsewhere):
        mia = UserFactory()
        client.force_login(mia)
        client_elsewhere.force_login(mia)
        typed = {"old_password": PASSWORD, "new_password1": STRONG, "new_password2": STRONG}
        assert client.post(reverse("accounts:password"), typed).url == reverse("accounts:profile")
        assert is_in(client)
        assert not is_in(client_elsewhere)

    def test_ending_the_other_sessions(self, client, client_elsewhere):
        mia = UserFactory()
        client.force_login(mia)
        client_elsewhere.force_login(mia)
        client.post(reverse("accounts:end_sessions"))
        assert is_in(client)
        assert not is_in(client_elsewhere)


@pytest.fixture
def client_elsewhere():
    from django.test import Client

    return Client()


class TestPeople:
    def test_the_list_is_as_cheap_for_many(self, as_admin, django_assert_max_num_queries):
        UserFactory.create_batch(40, team=TeamFactory())
        with django_assert_max_num_queries(7):
            page = as_admin.get(reverse("accounts:people"))
        assert "41 people" in page.content.decode()

    def test_filters(self, as_admin, admin):
        team = TeamFactory()
        mia = UserFactory(name="Mia Chen", team=team)
        manager = UserFactory(sales_manager=True, email="chen@example.com")
        gone = UserFactory(is_active=False)

        def found(query):
            return set(as_admin.get(reverse("accounts:people") + query).context["page"].object_list)

        assert found("") == {admin, mia, manager}
        assert found("?q=CHEN") == {mia, manager}
        assert found(f"?team={team.pk}") == {mia}
        assert found("?role=sales_manager") == {manager}
        assert found("?state=inactive") == {gone}
        assert found("?team=x&role=boss&page=last") == set()

    def test_adding_somebody_shows_a_link_once(self, as_admin, client_elsewhere):
        team = TeamFactory()
        typed = {
            "name": "Mia Chen",
            "email": "Mia@Example.com",
            "role": "rep",
            "team": team.pk,
            "time_zone": "berlin",
        }
        response = as_admin.post(reverse("accounts:person_new"), typed)
        mia = User.objects.get(email="mia@example.com")
        assert (mia.role, mia.team, mia.time_zone) == (Role.REP, team, "Europe/Berlin")
        page = as_admin.get(response.url)
        assert "no-store" in page.headers["Cache-Control"]
        link = re.search(r"http://testserver(/password/set/[^\"]+)", page.content.decode())[1]
        assert "/password/set/" not in as_admin.get(response.url).content.decode()
        form = client_elsewhere.get(link, follow=True)
        client_elsewhere.post(form.request["PATH_INFO"], {"new_password1": STRONG, "new_password2": STRONG})
        assert is_in(client_elsewhere)

    def test_a_new_link_on_demand(self, as_admin):
        mia = UserFactory()
        response = as_admin.post(reverse("accounts:person_password_link", args=[mia.pk]), follow=True)
        assert "/password/set/" in response.content.decode()

    def test_errors_stand_beside_the_field_and_keep_what_was_typed(self, as_admin):
        typed = {"name": "Mia", "email": "ADA@example.com", "role": "rep", "time_zone": "Atlantis"}
        page = as_admin.post(reverse("accounts:person_new"), typed)
        assert page.context["form"].errors == {
            "time_zone": ["There is no time zone called “Atlantis”. Type a city, such as Berlin or New York."]
        }
        typed["time_zone"] = "UTC"
        page = as_admin.post(reverse("accounts:person_new"), typed)
        assert page.context["form"].errors == {"email": ["Somebody already logs in with ada@example.com."]}
        assert 'value="ADA@example.com"' in page.content.decode()

    def test_the_last_admin_cannot_demote_themselves(self, as_admin, admin):
        typed = {"name": admin.name, "email": admin.email, "role": "rep", "team": ""}
        page = as_admin.post(reverse("accounts:person", args=[admin.pk]), typed)
        assert "last administrator" in page.context["form"].errors["role"][0]
        admin.refresh_from_db()
        assert admin.role == Role.ADMIN

    def test_the_last_admin_cannot_deactivate_themselves(self, as_admin, admin):
        page = as_admin.post(reverse("accounts:person_deactivate", args=[admin.pk]), follow=True)
        assert "last administrator" in shown_words(page)[0]
        assert is_in(as_admin)

    def test_deactivating_logs_out_and_reactivating_does_not_log_in(self, as_admin, client_elsewhere):
        mia = UserFactory()
        client_elsewhere.force_login(mia)
        assert is_in(client_elsewhere)
        as_admin.post(reverse("accounts:person_deactivate", args=[mia.pk]))
        assert not is_in(client_elsewhere)
        as_admin.post(reverse("accounts:person_reactivate", args=[mia.pk]))
        assert not is_in(client_elsewhere)
        mia.refresh_from_db()
        assert mia.is_active

    def test_moving_somebody_to_another_team(self, as_admin):
        mia, team = UserFactory(), TeamFactory()
        typed = {"name": "Mia Ito", "email": mia.email, "role": "sales_manager", "team": team.pk}
        page = as_admin.post(reverse("accounts:person", args=[mia.pk]), typed, follow=True)
        assert shown_words(page) == ["Saved Mia Ito."]
        mia.refresh_from_db()
        assert (mia.role, mia.team) == (Role.SALES_MANAGER, team)


class TestTeams:
    def test_add_change_delete(self, as_admin):
        manager = UserFactory(sales_manager=True)
        as_admin.post(reverse("accounts:team_new"), {"name": "Inbound", "side": "sales", "manager": ""})
        team = Team.objects.get()
        typed = {"name": "Inbound DACH", "side": "sales", "manager": manager.pk}
        as_admin.post(reverse("accounts:team", args=[team.pk]), typed)
        team.refresh_from_db()
        assert (team.name, team.manager) == ("Inbound DACH", manager)
        as_admin.post(reverse("accounts:team_delete", args=[team.pk]))
        assert not Team.objects.exists()

    def test_a_team_in_use_says_why_it_stays(self, as_admin):
        team = TeamFactory()
        UserFactory(team=team)
        page = as_admin.post(reverse("accounts:team_delete", args=[team.pk]), follow=True)
        assert shown_words(page) == ["1 person is in this team. Move them to another team first."]
        assert Team.objects.exists()

    def test_a_rep_does_not_manage_a_team_but_whoever_does_stays(self, as_admin):
        rep, was_manager = UserFactory(), UserFactory()
        team = TeamFactory(manager=was_manager)
        page = as_admin.get(reverse("accounts:team", args=[team.pk]))
        choices = page.context["form"].fields["manager"].queryset
        assert was_manager in choices
        assert rep not in choices

    def test_a_taken_name_stands_beside_the_field(self, as_admin):
        TeamFactory(name="Inbound")
        page = as_admin.post(reverse("accounts:team_new"), {"name": "Inbound", "side": "sales"})
        assert page.context["form"].errors == {"name": ["There is already a team called Inbound."]}

    def test_the_list_warns_of_a_team_without_a_manager(self, as_admin):
        TeamFactory()
        TeamFactory(manager=UserFactory(name="Gone Person", is_active=False, sales_manager=True))
        page = as_admin.get(reverse("accounts:teams")).content.decode()
        assert "Nobody yet" in page
        assert "Gone Person may not log in any more" in page


class TestTokens:
    def make(self, client, user, **more):
        typed = {"name": "CRM", "user": user.pk, "scopes": ["leads:read", "leads:write"], "expires_on": ""}
        return client.post(reverse("accounts:tokens"), typed | more, headers={"HX-Request": "true"})

    def test_the_token_is_shown_once(self, as_admin, admin):
        mia = UserFactory()
        page = self.make(as_admin, mia)
        plain = page.context["plain"]
        assert page.content.decode().count(plain) == 1
        assert "<html" not in page.content.decode()
        assert "no-store" in page.headers["Cache-Control"]
        token = find_token(plain)
        assert (token.user, token.created_by, token.scopes) == (mia, admin, ["leads:read", "leads:write"])
        again = as_admin.get(reverse("accounts:tokens")).content.decode()
        assert plain not in again
        assert token.token_key in again

    def test_the_last_day_ends_where_the_admin_is(self, as_admin):
        self.make(as_admin, UserFactory(), expires_on="2030-06-30")
        assert ApiToken.objects.get().expiry == datetime(2030, 6, 30, 21, 59, 59, 999999, tzinfo=UTC)

    @pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
    def test_one_of_the_last_day_there_is_breaks_no_list(self, client, zone):
        client.force_login(UserFactory(admin=True, time_zone=zone))
        plain_token(UserFactory())
        ApiToken.objects.update(expiry=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
        token = ApiToken.objects.get()
        for address in (
            reverse("accounts:tokens"),
            reverse("admin:accounts_apitoken_changelist"),
            reverse("admin:accounts_apitoken_change", args=[token.pk]),
        ):
            answer = client.get(address)
            assert (answer.status_code, "9999" in answer.content.decode()) == (200, True), address

    @pytest.mark.parametrize(
        ("typed", "field", "words"),
        [
            ({"scopes": []}, "scopes", "required"),
            ({"expires_on": "2020-01-01"}, "expires_on", "expire in the past"),
            ({"expires_on": "9999-12-31"}, "expires_on", "leave the last day empty"),
            ({"name": ""}, "name", "required"),
        ],
    )
    def test_errors_come_with_422(self, as_admin, typed, field, words):
        page = self.make(as_admin, UserFactory(), **typed)
        assert page.status_code == 422
        assert words in page.context["form"].errors[field][0]
        assert not ApiToken.objects.exists()

    @pytest.mark.parametrize("time_zone", ["UTC", "Asia/Tokyo", "America/New_York"])
    def test_the_last_day_of_the_calendar_is_refused_in_every_zone(self, client, time_zone):
        client.force_login(UserFactory(admin=True, time_zone=time_zone))
        assert self.make(client, UserFactory(), expires_on="9999-12-31").status_code == 422
        assert client.get(reverse("accounts:tokens")).status_code == 200

    def test_revoking(self, as_admin):
        token, _ = plain_token(UserFactory(), Scope.LEADS_READ)
        as_admin.post(reverse("accounts:token_revoke", args=[token.token_key]))
        token.refresh_from_db()
        assert token.revoked_at is not None
        assert list(as_admin.get(reverse("accounts:tokens")).context["tokens"]) == []
        ended = as_admin.get(reverse("accounts:tokens"), {"state": "ended"})
        assert list(ended.context["tokens"]) == [token]


class TestProfile:
    def test_saving(self, client):
        mia = UserFactory()
        client.force_login(mia)
        typed = {"name": "Mia Ito", "time_zone": "new york", "language": "ar"}
        client.post(reverse("accounts:profile"), typed)
        mia.refresh_from_db()
        assert (mia.name, mia.time_zone, mia.language) == ("Mia Ito", "America/New_York", "ar")
        assert 'dir="rtl"' in client.get(reverse("accounts:profile")).content.decode()

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            ({"time_zone": "Atlantis"}, "time_zone"),
            ({"language": "tlh"}, "language"),
            ({"name": " "}, "name"),
        ],
    )
    def test_what_does_not_exist_is_refused(self, client, typed, field):
        mia = UserFactory(name="Mia Chen")
        client.force_login(mia)
        known = {"name": "Mia Ito", "time_zone": "UTC", "language": "en"}
        page = client.post(reverse("accounts:profile"), known | typed)
        assert list(page.context["form"].errors) == [field]
        mia.refresh_from_db()
        assert (mia.name, mia.time_zone) == ("Mia Chen", "Europe/Berlin")
