"""The portal's own programs: web, worker and beat, and the environment they run in."""

import http.client
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from launcher.layout import Layout, Trouble
from launcher.supervisor import Service

HOST = "127.0.0.1"
WEB_WORKERS, WEB_THREADS, WORKER_THREADS = 2, 2, 3
LOCAL_HOSTS = "localhost,127.0.0.1,[::1]"
NOT_OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE")


def environment_for(layout: Layout, urls: Mapping[str, str], address: str = "") -> dict[str, str]:
    """The environment of everything that runs the portal's code; what the user has set wins over the
    defaults. `urls` names the servers, `address` is where the portal answers, if it does."""
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    defaults = {
        "SECRET_KEY": secret_key(layout),
        "ALLOWED_HOSTS": LOCAL_HOSTS,
        "DEBUG": "0",
        "INSECURE_HTTP": "1",
    }
    if address:
        defaults["PORTAL_URL"] = address.rstrip("/")
    defaults |= {"LOG_FORMAT": "text", "DEMO": "auto"}
    fixed = {
        "DJANGO_SETTINGS_MODULE": "sla_portal.settings",
        "PORTAL_DATA_DIR": str(layout.data),
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    return defaults | inherited | fixed | dict(urls)


def secret_key(layout: Layout) -> str:
    """This installation's secret key, made on first use and readable by its owner only."""
    path = layout.data / "secret_key"
    if not path.exists():
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
        new.replace(path)
    return path.read_text()


def take_port(port: int) -> socket.socket:
    """Bind the web server's port, so that nobody else gets it while the portal starts. Raises Trouble if it
    is taken."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((HOST, port))
    except OSError as error:
        door.close()
        other = port + 1 if 1023 < port < 65535 else 8000
        what = "needs root" if isinstance(error, PermissionError) else "is in use by another program"
        raise Trouble(f"Port {port} {what}: choose another, such as ./portal up --port {other}") from error
    return door


def answers(port: int) -> bool:
    """Whether the web server answers a request without an error of its own."""
    connection = http.client.HTTPConnection(HOST, port, timeout=3)
    try:
        connection.request("GET", "/health/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def web(layout: Layout, environment: Mapping[str, str], door: socket.socket) -> Service:
    """gunicorn on the port that is already bound. Each worker loads the code itself: loading it before the
    fork would keep a third copy in the master. Threads are few, because each holds a PostgreSQL process."""
    port: int = door.getsockname()[1]
    options = f"--bind fd://{door.fileno()} --worker-class gthread --workers {WEB_WORKERS}"
    options += f" --threads {WEB_THREADS} --graceful-timeout 5 --no-control-socket --access-logfile -"
    return Service(
        name="web",
        command=module(layout, "gunicorn", *options.split(), "sla_portal.wsgi:application"),
        environment=environment,
        ready=lambda: answers(port),
        keep=[door.fileno()],
    )


def worker(layout: Layout, environment: Mapping[str, str]) -> Service:
    """One Celery worker; threads rather than processes, because one machine's demo should stay small. Django's
    checks would load every page, 20 MB that no task needs."""
    options = (
        f"--pool threads --concurrency {WORKER_THREADS} --loglevel INFO --without-gossip --without-mingle"
    )
    return Service(
        name="worker",
        command=module(layout, "celery", "-A", "sla_portal", "--skip-checks", "worker", *options.split()),
        environment=environment,
    )


def beat(layout: Layout, environment: Mapping[str, str]) -> Service:
    """Celery's clock, with the static schedule of the settings."""
    schedule = layout.data / "beat-schedule"
    return Service(
        name="beat",
        command=module(layout, "launcher.clock", str(schedule)),
        environment=environment,
    )


def module(layout: Layout, name: str, *arguments: str) -> list[str | Path]:
    """The command that runs a module of the virtual environment. (Its scripts would not survive a move of the
    checkout.)"""
    return [layout.python, "-m", name, *arguments]
