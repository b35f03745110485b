"""What the settings make of the environment."""

import pytest
from django.db.backends.postgresql.client import DatabaseClient
from environ import Env

from sla_portal.settings import database_by_name


@pytest.mark.parametrize(
    ("url", "arguments", "options"),
    [
        (
            "postgres:///portal?host=/run/portal&user=me&port=6000&sslmode=disable",
            ["-U", "me", "-h", "/run/portal", "-p", "6000", "portal"],
            {"sslmode": "disable"},
        ),
        ("postgres://me@db:5433/portal", ["-U", "me", "-h", "db", "-p", "5433", "portal"], {}),
        ("postgres://db/portal?host=other", ["-h", "db", "portal"], {}),
    ],
)
def test_a_shell_on_the_database_asks_the_server_of_the_address(url, arguments, options):
    database = database_by_name(Env.db_url_config(url))
    called, _ = DatabaseClient.settings_to_cmd_args_env(database, [])
    assert (called[1:], database["OPTIONS"]) == (arguments, options)
