"""Tests that run side by side (`gw0`, `gw1`, …) use the next databases of the same Redis each, so that nobody's
worker takes another's tasks.
"""

import os
from urllib.parse import parse_qs, urlsplit


def of_worker(redis_url: str, worker: str) -> str:
    """The same server's database for a worker; databases are numbered by the path or, on a socket, by `?db=`."""
    parts = urlsplit(redis_url)
    ahead = 1 + int(worker.removeprefix("gw"))
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={int(parse_qs(parts.query).get('db', ['0'])[0]) + ahead}"
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + ahead}").geturl()


def take_own_broker() -> None:
    """Before the settings are read. What a test starts inherits the address, and stays with it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker and os.environ.get("REDIS_OF_WORKER") != worker:
        os.environ["REDIS_URL"] = of_worker(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"), worker)
        os.environ["REDIS_OF_WORKER"] = worker
