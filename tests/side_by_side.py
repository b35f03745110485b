"""Tests that run side by side (`gw0`, `gw1`, …) use the next databases of the same Redis each, so that nobody's
worker takes another's tasks. Imported before the settings are.
"""

import os
from urllib.parse import parse_qs, urlsplit


def of_worker(redis_url: str, worker: str) -> str:
    """The same server's database for a worker; databases are numbered by the path or, on a socket, by `?db=`."""
    parts = urlsplit(redis_url)
    is_socket = parts.scheme == "unix"
    named = parse_qs(parts.query).get("db", ["0"])[0] if is_socket else parts.path.strip("/") or "0"
    number = int(named) + 1 + int(worker.removeprefix("gw"))
    return parts._replace(**({"query": f"db={number}"} if is_socket else {"path": f"/{number}"})).geturl()


if (mine := os.environ.get("PYTEST_XDIST_WORKER")) and "REDIS_OF_WORKER" not in os.environ:
    os.environ["REDIS_URL"] = of_worker(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"), mine)
    os.environ["REDIS_OF_WORKER"] = mine  # what a test starts inherits both, and stays with them
