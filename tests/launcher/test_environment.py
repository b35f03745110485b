"""Which servers are used, and what the portal's programs are told about them."""

import socket

import pytest

from launcher import programs
from launcher.layout import Layout, Trouble
from launcher.programs import environment_for, take_port
from launcher.stack import described, require_answer, wipe
from launcher.verbs import wanted_lock

URLS = {"DATABASE_URL": "postgres:///portal?host=/run&user=portal", "REDIS_URL": "unix:///run/v.sock?db=0"}


@pytest.mark.parametrize(
    ("database", "broker", "lock"),
    [
        (None, None, "embedded"),
        ("postgres://db/portal", None, "embedded"),
        (None, "redis://cache/0", "embedded"),
        (" ", " ", "embedded"),
        ("postgres://db/portal", "redis://cache/0", "base"),
    ],
)
def test_the_embedded_servers_are_installed_unless_both_are_named(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, database: str | None, broker: str | None, lock: str
) -> None:
    for name, value in (("DATABASE_URL", database), ("REDIS_URL", broker)):
        if value is not None:
            monkeypatch.setenv(name, value)
    assert wanted_lock() == lock


def test_the_programs_get_the_servers_and_safe_defaults(layout: Layout) -> None:
    environment = environment_for(layout, URLS)
    assert environment.items() >= URLS.items()
    assert environment["PORTAL_DATA_DIR"] == str(layout.data)
    assert environment["ALLOWED_HOSTS"] == "localhost,127.0.0.1,[::1]"
    assert (environment["DEBUG"], environment["INSECURE_HTTP"], environment["DEMO"]) == ("0", "1", "auto")


def test_what_the_user_sets_wins_over_the_defaults(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "portal.example.com")
    monkeypatch.setenv("PYTHONPATH", "/somewhere/else")
    environment = environment_for(layout, URLS)
    assert environment["ALLOWED_HOSTS"] == "portal.example.com"
    assert "PYTHONPATH" not in environment


def test_whether_it_is_a_demo_is_for_the_database_to_say_or_the_user(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    (layout.data / "demo").touch()  # what a launcher of before left in a checkout that once held a demo
    assert environment_for(layout, URLS)["DEMO"] == "auto"
    monkeypatch.setenv("DEMO", "0")
    assert environment_for(layout, URLS)["DEMO"] == "0"


def test_the_secret_key_is_made_once_and_kept_private(layout: Layout) -> None:
    key = environment_for(layout, URLS)["SECRET_KEY"]
    assert len(key) > 50
    assert environment_for(layout, URLS)["SECRET_KEY"] == key
    assert (layout.data / "secret_key").stat().st_mode & 0o777 == 0o600


def test_passwords_of_outside_servers_are_not_shown(layout: Layout) -> None:
    shown = described(layout, {"DATABASE_URL": "postgres://me:secret@db.example.com/portal"})
    assert shown == "postgres://db.example.com/portal and Valkey, data in .portal/"


def test_an_outside_server_that_does_not_answer_is_named() -> None:
    with socket.socket() as bound_but_deaf:
        bound_but_deaf.bind(("127.0.0.1", 0))
        port = bound_but_deaf.getsockname()[1]
        with pytest.raises(Trouble, match=rf"REDIS_URL \(redis://127.0.0.1:{port}/0\) does not answer"):
            require_answer(f"redis://127.0.0.1:{port}/0", "REDIS_URL")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "mysql://root:secret@127.0.0.1/x"),
        ("DATABASE_URL", "secret"),
        ("DATABASE_URL", "postgres://127.0.0.1"),
        ("DATABASE_URL", "postgres://127.0.0.1:secret/x"),
        ("DATABASE_URL", "postgres://[secret/x"),
        ("REDIS_URL", "http://secret@127.0.0.1/0"),
    ],
)
def test_what_is_no_address_of_a_server_is_told_with_one_that_is(name: str, url: str) -> None:
    with pytest.raises(Trouble, match=rf"^{name} is not the address of a .*: write it like \w+://") as told:
        require_answer(url, name)
    assert "secret" not in str(told.value)


def test_a_server_on_a_unix_socket_is_left_to_its_client() -> None:
    require_answer("postgres:///portal?host=/nowhere", "DATABASE_URL")


def test_a_busy_port_is_told_with_the_way_out() -> None:
    with socket.create_server((programs.HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Trouble, match=rf"Port {port} is in use .* \./portal up --port \d+$"):
            take_port(port)


def test_a_port_that_is_held_answers_nobody_yet() -> None:
    with take_port(0) as door:
        assert not programs.answers(door.getsockname()[1])


def test_wiping_keeps_locks_logs_and_the_tests_data(layout: Layout) -> None:
    for name in ("postgres", "valkey", "static", "test"):
        (layout.data / name).mkdir()
    for name in ("beat-schedule", "secret_key", "lock", "install.lock"):
        (layout.data / name).touch()
    wipe(layout)
    assert {path.name for path in layout.data.iterdir()} == {"install.lock", "lock", "logs", "test"}


def test_the_portal_knows_where_it_answers(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links in its e-mails lead there, unless the user says otherwise."""
    monkeypatch.delenv("PORTAL_URL", raising=False)
    assert environment_for(layout, URLS, "http://127.0.0.1:8000/")["PORTAL_URL"] == "http://127.0.0.1:8000"
    assert "PORTAL_URL" not in environment_for(layout, URLS)
    monkeypatch.setenv("PORTAL_URL", "https://portal.example.com")
    assert (
        environment_for(layout, URLS, "http://127.0.0.1:8000/")["PORTAL_URL"] == "https://portal.example.com"
    )
