"""create_user and create_api_token at a terminal and in a script."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.roles import Scope
from accounts.selectors import find_token
from tests.factories.accounts import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
STRONG = "Kestrel over the weir 7"


def run(command, *args):
    out = io.StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue().splitlines()


def create_user(*more, email="mia@example.com", role="rep", password=("--password", STRONG)):
    return run("create_user", "--email", email, "--name", "Mia Chen", "--role", role, *password, *more)


class TestCreateApiToken:
    def test_the_last_line_is_the_token_alone(self):
        mia = UserFactory(email="mia@example.com")
        lines = run("create_api_token", "--user", "MIA@example.com", "--name", "CRM")
        token = find_token(lines[-1])
        assert token == ApiToken.objects.get()
        assert (token.user, token.name, token.scopes, token.expiry) == (mia, "CRM", sorted(Scope), None)

    @pytest.mark.parametrize("scopes", [["leads:read", "handoffs:read"], ["leads:read,handoffs:read"]])
    def test_scopes_and_days(self, scopes):
        UserFactory(email="mia@example.com")
        before = timezone.now()
        run("create_api_token", "--user", "mia@example.com", "--scopes", *scopes, "--days", "30")
        token = ApiToken.objects.get()
        assert token.scopes == ["handoffs:read", "leads:read"]
        assert before + timedelta(days=30) <= token.expiry <= timezone.now() + timedelta(days=30)

    @pytest.mark.parametrize(
        ("days", "words"),
        [
            ("4000", "Leave --days out"),
            ("3000000", "within ten years"),
            ("9" * 12, "within ten years"),
            ("-" + "9" * 12, "expire in the past"),
        ],
    )
    def test_days_that_no_token_has(self, days, words):
        UserFactory(email="mia@example.com")
        with pytest.raises(CommandError, match=words):
            run("create_api_token", "--user", "mia@example.com", f"--days={days}")
        assert not ApiToken.objects.exists()

    def test_an_unknown_person(self):
        with pytest.raises(CommandError, match=r"Nobody logs in with who@example\.com"):
            run("create_api_token", "--user", "who@example.com")

    def test_an_unknown_scope_names_the_known_ones(self):
        UserFactory(email="mia@example.com")
        with pytest.raises(CommandError, match=r"no scope leads:all.*leads:write"):
            run("create_api_token", "--user", "mia@example.com", "--scopes", "leads:all")


class TestCreateUser:
    def test_it_says_who_may_log_in(self):
        team = TeamFactory(name="Inbound")
        lines = create_user("--team", "inbound", "--time-zone", "Europe/Berlin", email="Mia@Example.com")
        assert lines == ["Mia Chen logs in with mia@example.com as Rep."]
        mia = User.objects.get()
        assert (mia.team, mia.time_zone, mia.check_password(STRONG)) == (team, "Europe/Berlin", True)

    def test_password_from_standard_input(self, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{STRONG}\nsecond line\n"))
        create_user(password=("--password-stdin",))
        assert User.objects.get().check_password(STRONG)

    def test_password_asked_for(self, monkeypatch):
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("accounts.management.commands.create_user.getpass", lambda prompt: STRONG)
        create_user(password=())
        assert User.objects.get().check_password(STRONG)

    def test_passwords_that_differ(self, monkeypatch):
        answers = iter([STRONG, "another one 8"])
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("accounts.management.commands.create_user.getpass", lambda prompt: next(answers))
        with pytest.raises(CommandError, match="differ"):
            create_user(password=())
        assert not User.objects.exists()

    def test_nobody_to_ask(self, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(CommandError, match="--password-stdin"):
            create_user(password=())

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            ({"email": "mia"}, "mia is no e-mail address"),
            ({"password": ("--password", "short")}, "too short"),
            ({"role": "boss"}, "invalid choice: 'boss'"),
        ],
    )
    def test_what_is_wrong_is_said(self, more, words):
        with pytest.raises(CommandError, match=words):
            create_user(**more)
        assert not User.objects.exists()

    def test_an_unknown_team_names_the_known_ones(self):
        TeamFactory(name="Inbound")
        with pytest.raises(CommandError, match=r"no team called Outbound\. Teams: Inbound"):
            create_user("--team", "Outbound")

    def test_an_unknown_time_zone(self):
        with pytest.raises(CommandError, match="no time zone called Mars"):
            create_user("--time-zone", "Mars")

    def test_a_taken_address(self):
        create_user()
        with pytest.raises(CommandError, match="already logs in with"):
            create_user()
