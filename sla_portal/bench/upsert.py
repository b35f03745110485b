"""Bulk upsert of leads over HTTP, with token, scored, with handoffs, beside a bare `INSERT … ON CONFLICT` of the same rows.

A database of its own is made, and dropped at the end. `BENCH_LEADS` says how many leads (50,000).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from itertools import count, islice
from time import perf_counter, sleep
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg2
from django.conf import settings
from django.db import connection
from psycopg2.extras import Json, execute_values

from accounts.models import User
from accounts.roles import Role, Scope
from accounts.services import create_api_token
from leads.models import Lead
from sla_portal.bench.rescore import NOW, put_into_force, scratch_database

LEADS = 50_000
BATCH = 500
CLIENTS = 2
WORKERS = 2
ROUNDS = 5
LEADS_A_COMPANY = 5
TARGET = 0.5
PATH = "/api/v1/leads/upsert/"
PATIENCE = 60

Item = dict[str, Any]


class Output(Protocol):
    def write(self, text: str, /) -> object: ...


def run(stdout: Output) -> None:
    """Print leads a second: over HTTP, bare on one connection, bare on two; then over HTTP once more, unchanged.

    Rounds alternate, so that what else the machine does falls on all alike. The bare table has the columns, indexes
    and constraints of the leads, but no foreign keys, companies, external ids, history or scores.
    """
    leads = int(os.environ.get("BENCH_LEADS", LEADS))
    with scratch_database():
        put_into_force(0)
        token = make_token()
        with served() as port:
            warm_up(port, token)
            measure(stdout, leads, port, token)


def measure(stdout: Output, leads: int, port: int, token: str) -> None:
    stdout.write(
        f"upsert: {leads:,} leads, {BATCH} a batch, {CLIENTS} clients, {WORKERS} gunicorn workers, "
        f"token, scoring and handoffs on\n"
    )
    size = leads // ROUNDS
    spent = {"http": 0.0, "bare": 0.0, "bare_two": 0.0, "again": 0.0}
    bare = BareTables(2)
    for number in range(ROUNDS):
        items = list(islice(made(), number * size, (number + 1) * size))
        bodies = [encoded(batch) for batch in batches(items)]
        rows = [[row_of(item) for item in batch] for batch in batches(items)]
        spent["bare"] += timed(lambda rows=rows: bare.insert(0, rows, clients=1))  # type: ignore[misc]
        spent["http"] += timed(lambda bodies=bodies: send(bodies, port, token))  # type: ignore[misc]
        spent["bare_two"] += timed(lambda rows=rows: bare.insert(1, rows, clients=CLIENTS))  # type: ignore[misc]
        spent["again"] += timed(lambda bodies=bodies: send(bodies, port, token))  # type: ignore[misc]
    done = size * ROUNDS
    assert Lead.objects.count() >= done
    rate = {name: done / seconds for name, seconds in spent.items()}
    stdout.write(f"over HTTP, new leads            {rate['http']:>8,.0f} a second\n")
    stdout.write(f"over HTTP, the same unchanged   {rate['again']:>8,.0f} a second\n")
    for name, words in (("bare", "bare, one connection"), ("bare_two", "bare, two connections")):
        ratio = rate["http"] / rate[name]
        stdout.write(
            f"{words:<31} {rate[name]:>8,.0f} a second  ratio {ratio:.2f} (target: {TARGET} at least)\n"
        )


def timed(act: Callable[[], object]) -> float:
    begun = perf_counter()
    act()
    return perf_counter() - begun


# --- The leads ---


def made() -> Iterator[Item]:
    """The same leads each time, as a CRM would send them."""
    for number in count():
        company = number // LEADS_A_COMPANY
        yield {
            "external_ref": {"system": "crm", "id": f"{number:08}"},
            "email": f"first{number % 977}.last{number}@company{company}.example",
            "first_name": f"First{number % 977}",
            "last_name": f"Last{number}",
            "job_title": ("CFO", "Head of Sales", "Student", "Engineer", "VP Operations")[number % 5],
            "phone": f"+49 30 {number:07}",
            "company": {
                "name": f"Company {company}",
                "domain": f"company{company}.example",
                "industry": ("Banking", "Logistics", "Software")[company % 3],
                "employees": 10 + company % 3000,
                "country": ("DE", "AT", "FR", "US")[company % 4],
            },
            "source": ("paid_search", "webinar", "partner", "organic_search")[number % 4],
            "time_zone": "Europe/Berlin",
            "attributes": {"plan": "gold", "seats": number % 50},
        }


def batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def encoded(items: Sequence[Item]) -> bytes:
    return json.dumps({"leads": items}).encode()


# --- Over HTTP ---


def make_token() -> str:
    user = User.objects.get(email=f"{Role.MARKETING_MANAGER}@example.com")
    return create_api_token(user=user, name="bench", scopes=list(Scope), now=NOW, actor=None)[1]


@contextmanager
def served() -> Iterator[int]:
    """gunicorn on a free port, on the scratch database."""
    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        options = f"--bind fd://{door.fileno()} --worker-class gthread --workers {WORKERS} --threads 2"
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                *options.split(),
                "--log-level",
                "error",
                "sla_portal.wsgi:application",
            ],
            env={**os.environ, "DATABASE_URL": scratch_url(), "INSECURE_HTTP": "1", "LOG_LEVEL": "ERROR"},
            pass_fds=[door.fileno()],
            cwd=settings.BASE_DIR,
        )
        try:
            yield await_answer(door.getsockname()[1], process)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


def scratch_url() -> str:
    """The configured address with the scratch database's name."""
    parts = urlsplit(os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/"))
    return parts._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def await_answer(port: int, process: subprocess.Popen[bytes]) -> int:
    """The port, once what listens there is well. Raises `RuntimeError` where it ends or never gets so."""
    said = "nothing"
    for _ in range(PATIENCE * 10):
        if process.poll() is not None:
            raise RuntimeError(f"gunicorn ended with {process.returncode}")
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=1)) as http:
                http.request("GET", "/health/")
                if (status := http.getresponse().status) == 200:
                    return port
                said = str(status)
        except OSError as error:
            said = str(error)
        sleep(0.1)
    raise RuntimeError(f"gunicorn does not answer: {said}")


def warm_up(port: int, token: str) -> None:
    """Every worker reads and compiles what it keeps."""
    for number in range(WORKERS * 4):
        body = encoded([{"email": f"warm{number}@example.com"}])
        send([body] * CLIENTS, port, token)


def send(bodies: Sequence[bytes], port: int, token: str) -> None:
    """All bodies, by `CLIENTS` threads with a connection each."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        parts = [bodies[n::CLIENTS] for n in range(CLIENTS)]
        for done in [clients.submit(send_part, part, port, token) for part in parts]:
            done.result()


def send_part(bodies: Sequence[bytes], port: int, token: str) -> None:
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as http:
        for body in bodies:
            http.request("POST", PATH, body, headers)
            response = http.getresponse()
            answer = response.read()
            if response.status != 200 or b'"error":{' in answer:
                raise RuntimeError(answer[:500].decode())


# --- Bare ---

COLUMNS = (
    "email, first_name, last_name, job_title, phone, company_id, source, time_zone, attributes, email_consent, "
    "do_not_call, stage, stage_entered_at, value, owner_id, agreement_id, created_at, last_activity_at, updated_at"
)
UPSERT = f"""
    INSERT INTO {{table}} ({COLUMNS}) VALUES %s
    ON CONFLICT (email) DO UPDATE SET first_name = EXCLUDED.first_name, last_name = EXCLUDED.last_name,
        job_title = EXCLUDED.job_title, phone = EXCLUDED.phone, company_id = EXCLUDED.company_id,
        source = EXCLUDED.source, time_zone = EXCLUDED.time_zone, attributes = EXCLUDED.attributes,
        updated_at = EXCLUDED.updated_at
"""


def row_of(item: Item) -> tuple[Any, ...]:
    number = int(item["external_ref"]["id"])
    values = [item[name] for name in ("email", "first_name", "last_name", "job_title", "phone")]
    values += [1 + number // LEADS_A_COMPANY, item["source"], item["time_zone"], Json(item["attributes"])]
    return (*values, "unknown", False, "lead", NOW, None, None, 1, NOW, None, NOW)


class BareTables:
    """Copies of the table of leads, written as plainly as can be."""

    def __init__(self, number: int) -> None:
        self.names = [f"bench_bare_{n}" for n in range(number)]
        with connection.cursor() as cursor:
            for name in self.names:
                cursor.execute(f"CREATE TABLE {name} (LIKE leads_lead INCLUDING ALL)")

    def insert(self, table: int, rows: Sequence[Sequence[tuple[Any, ...]]], *, clients: int) -> None:
        with ThreadPoolExecutor(clients) as threads:
            parts = [rows[n::clients] for n in range(clients)]
            for done in [threads.submit(self._insert, table, part) for part in parts]:
                done.result()

    def _insert(self, table: int, rows: Sequence[Sequence[tuple[Any, ...]]]) -> None:
        sql = UPSERT.format(table=self.names[table])
        with closing(psycopg2.connect(**connection.get_connection_params())) as bare:
            for batch in rows:
                with bare, bare.cursor() as cursor:
                    execute_values(cursor, sql, batch, page_size=BATCH)
