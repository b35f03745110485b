"""Server time of dashboard, home, queue and lead page with few and with many leads, in databases of their own.

`BENCH_LEADS` says how many leads the large one has (1,000,000), with ten activities each; the small one has 10,000, or a
tenth of the large one if that is less.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone

from accounts.models import Team, User
from accounts.roles import Role, Side
from agreements.models import Version
from handoffs.models import Handoff, Pool, PoolMember
from sla_portal.bench.rescore import ACTIVITY_ROWS, COMPANIES, execute, put_into_force, scratch_database

LEADS = 1_000_000
FEW = 10_000
ACTIVITIES_A_LEAD = 10
IN_THE_MONTH = 1_000
MONTHS = 36
REPS = 8
OPEN_HANDOFFS = 200
ROUNDS = 15
TARGET = 1.5
TARGET_MS = 100
ASKED_IN_PROCESS: Any = {
    "ALLOWED_HOSTS": ["*"],
    "SECURE_SSL_REDIRECT": False,
    "STORAGES": {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
}
"""No server has collected static files or speaks TLS here."""
PAGES = ("dashboard", "home", "queue", "lead")


class Output(Protocol):
    def write(self, text: str, /) -> object: ...


def run(stdout: Output) -> None:
    """Print, for each page, the median in milliseconds for few and for many leads, and the ratio.

    First with the same number of leads in the month that is shown, the others being older: there the page should not
    notice how many those are. Then with a month that grows with the whole: there it counts more. Pages are asked for
    in this process, with the whole stack of middleware; the network and the server's own work are not in it.
    """
    many = int(os.environ.get("BENCH_LEADS", LEADS))
    few = min(FEW, many // 10)
    month = min(IN_THE_MONTH, few // 2)
    stdout.write(
        f"dashboard: {few:,} and {many:,} leads, {few * ACTIVITIES_A_LEAD:,} and "
        f"{many * ACTIVITIES_A_LEAD:,} activities\n"
    )
    small = measured(few, month)
    compare(stdout, f"{month:,} leads in the month of both", small, measured(many, month))
    grown = month * many // few
    compare(stdout, f"{month:,} and {grown:,} leads in the month", small, measured(many, grown))


def compare(stdout: Output, what: str, few: Mapping[str, float], many: Mapping[str, float]) -> None:
    stdout.write(f"{what}:\n")
    for page in PAGES:
        stdout.write(
            f"  {page:<10} {few[page] * 1000:7.1f} ms  {many[page] * 1000:7.1f} ms  ratio "
            f"{many[page] / few[page]:5.2f} (targets: {TARGET} and {TARGET_MS} ms at most)\n"
        )


def measured(leads: int, in_month: int) -> dict[str, float]:
    """Seconds a page, the median of some rounds after a first one, in a database of so many leads."""
    with scratch_database(), override_settings(**ASKED_IN_PROCESS):
        now = timezone.now()
        version = put_into_force(0)
        people = hire(now)
        generate(leads, in_month, version, people, now)
        lead_id = Handoff.objects.filter(owner=people[0]).order_by("-pk").values_list("lead", flat=True)[0]
        addresses = {
            "dashboard": "/dashboard/",
            "home": "/",
            "queue": "/queue/",
            "lead": f"/leads/{lead_id}/",
        }
        return {page: seconds(address, people[0]) for page, address in addresses.items()}


def seconds(address: str, user: User) -> float:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    times = list(rounds(client, address))
    return median(times[2:])


def rounds(client: Client, address: str) -> Iterator[float]:
    for _ in range(ROUNDS + 2):
        begun = perf_counter()
        answer = client.get(address)
        yield perf_counter() - begun
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")


# --- The company ------------------------------------------------------------------------------------------


def hire(now: datetime) -> list[User]:
    """Reps of one team and pool; the first is asked for pages."""
    manager = User.objects.get(email=f"{Role.SALES_MANAGER}@example.com")
    team = Team.objects.create(name="Inside sales", side=Side.SALES, manager=manager)
    pool = Pool.objects.create(slug="inbound", name="Inbound", manager=manager)
    people = [
        User.objects.create(
            email=f"rep{number}@example.com", name=f"Rep {number}", role=Role.REP, team=team, created_at=now
        )
        for number in range(REPS)
    ]
    PoolMember.objects.bulk_create(PoolMember(pool=pool, user=user) for user in people)
    return people


def generate(leads: int, in_month: int, version: Version, people: Sequence[User], now: datetime) -> None:
    """Leads spread evenly over the months before, and `in_month` of them over the days of this one; of each hundred
    sixty become an MQL and are handed over, the rest of their ways follow from their number.
    """
    month = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    given = {
        "leads": leads,
        "in_month": in_month,
        "month": month,
        "since": month - timedelta(days=30 * MONTHS),
        "now": now - timedelta(minutes=1),
        "agreement": version.agreement_id,
        "version": version.pk,
        "calendar": version.agreement.calendar.revisions.first().pk,  # type: ignore[union-attr]
        "pool": Pool.objects.get().pk,
        "team": people[0].team_id,
        "reps": [user.pk for user in people],
        "open": OPEN_HANDOFFS,
    }
    with transaction.atomic(), made_quickly():
        execute("SELECT setseed(0.25)")
        execute(COMPANIES, [now, now, max(1, leads // 10)])
        for statement in FACTS:
            execute(statement, given)
        execute(ACTIVITY_ROWS, [now, leads, ACTIVITIES_A_LEAD])
    execute("VACUUM ANALYZE")


@contextmanager
def made_quickly() -> Iterator[None]:
    """Rows known to be right are not checked one by one (for that one must be a superuser), and the index that the
    search reads is built once, at the end.
    """
    [(is_free,)] = execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
    if is_free:
        execute("SET LOCAL session_replication_role = replica")
    [(search_index,)] = execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'lead_search'")
    execute("DROP INDEX lead_search")
    yield
    execute(search_index)


FACTS = (
    """
    CREATE TEMPORARY TABLE made ON COMMIT DROP AS
    SELECT i, at, i %% 10 < 6 AS is_mql, (%(reps)s::bigint[])[1 + i %% array_length(%(reps)s::bigint[], 1)] AS owner,
        i <= %(open)s AS is_open, i %% 10 < 2 AS is_sql, i %% 10 = 0 AS is_won, i %% 10 IN (2, 3) AS is_back
    FROM (
        SELECT i, CASE WHEN i <= %(in_month)s
            THEN %(now)s::timestamptz - (i - 0.5) / %(in_month)s * (%(now)s::timestamptz - %(month)s::timestamptz)
            ELSE %(month)s::timestamptz - (i - %(in_month)s)::float8 / (%(leads)s - %(in_month)s + 1)
                * (%(month)s::timestamptz - %(since)s::timestamptz)
            END AS at
        FROM generate_series(1, %(leads)s) i
    ) numbered
    """,
    """
    INSERT INTO leads_lead (agreement_id, email, first_name, last_name, job_title, phone, company_id, source, time_zone,
        attributes, email_consent, do_not_call, stage, stage_entered_at, created_at, updated_at, last_activity_at,
        owner_id, value, became_lead_at, became_mql_at, became_sql_at, became_customer_at)
    SELECT %(agreement)s, 'lead' || i || '@company.example', 'Ada', 'King ' || i, 'Director', '+49 30 1234567',
        company.id, (ARRAY['organic', 'paid_search', 'referral', 'webinar', 'partner'])[1 + i %% 5], '', '{}', 'unknown',
        FALSE, CASE WHEN is_won AND NOT is_open THEN 'customer' WHEN is_sql AND NOT is_open THEN 'sql'
            WHEN is_mql THEN 'mql' ELSE 'lead' END,
        at, at, at, at, CASE WHEN is_mql THEN owner END, CASE WHEN is_won THEN 1000 + i %% 5000 END,
        at, CASE WHEN is_mql THEN LEAST(at + interval '1 hour', %(now)s) END,
        CASE WHEN is_sql AND NOT is_open THEN LEAST(at + interval '1 day', %(now)s) END,
        CASE WHEN is_won AND NOT is_open THEN LEAST(at + interval '2 days', %(now)s) END
    FROM made
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM leads_company) company
        ON company.place = 1 + i %% (SELECT count(*) FROM leads_company)
    ORDER BY i
    """,
    """
    CREATE TEMPORARY TABLE born ON COMMIT DROP AS
    SELECT made.*, lead.id AS lead_id FROM made JOIN leads_lead lead ON lead.email = 'lead' || i || '@company.example'
    """,
    """
    INSERT INTO leads_stagechange (lead_id, from_stage, to_stage, at, recorded_at, source, version_id, clause_key, reason,
        value)
    SELECT lead_id, step.was, step.stage, LEAST(at + step.after, %(now)s), LEAST(at + step.after, %(now)s), 'rule',
        %(version)s, '', '', CASE WHEN step.stage = 'customer' THEN 1000 + i %% 5000 END
    FROM born, (VALUES ('', 'lead', interval '0'), ('lead', 'mql', interval '1 hour'), ('mql', 'sql', interval '1 day'),
        ('sql', 'customer', interval '2 days')) AS step (was, stage, after)
    WHERE step.stage = 'lead' OR (step.stage = 'mql' AND is_mql)
        OR (NOT is_open AND (step.stage = 'sql' AND is_sql OR step.stage = 'customer' AND is_won))
    ORDER BY at
    """,
    """
    INSERT INTO handoffs_handoff (lead_id, version_id, trigger_key, urgent, pool_id, owner_id, state, missing, note,
        lead_acted_at, created_at, assigned_at, accepted_at, first_attempt_at, last_attempt_at, attempts_made, ended_at,
        reason_key, reason_note, updated_at)
    SELECT lead_id, %(version)s, 'trigger-score', FALSE, %(pool)s, owner,
        CASE WHEN is_open THEN 'accepted' WHEN is_sql THEN 'qualified' WHEN is_back THEN 'returned' ELSE 'disqualified' END,
        '[]', '', at, at, at, LEAST(at + interval '1 hour', %(now)s), LEAST(at + interval '2 hours', %(now)s),
        LEAST(at + interval '20 hours', %(now)s), 2, CASE WHEN NOT is_open THEN LEAST(at + interval '1 day', %(now)s) END,
        CASE WHEN is_back AND NOT is_open THEN 'return-not-now' ELSE '' END, '', at
    FROM born WHERE is_mql ORDER BY at
    """,
    """
    INSERT INTO handoffs_attempt (handoff_id, number, user_id, channel, outcome, note, at, recorded_at)
    SELECT id, number, owner_id, 'phone', CASE number WHEN 1 THEN 'no_answer' ELSE 'connected' END, '',
        CASE number WHEN 1 THEN first_attempt_at ELSE last_attempt_at END, created_at
    FROM handoffs_handoff, generate_series(1, 2) number ORDER BY handoffs_handoff.id
    """,
    """
    INSERT INTO handoffs_deadline (handoff_id, kind, step, owner_id, version_id, clause_key, calendar_id, started_at,
        due_at, outcome, ended_at, took)
    SELECT handoff.id, clock.kind, clock.step, owner_id, %(version)s, 'response-standard', %(calendar)s, created_at,
        created_at + clock.within, CASE WHEN handoff.id %% 12 = 0 THEN 'met_late' ELSE 'met' END,
        created_at + clock.within, interval '1 hour' + handoff.id %% 60 * interval '1 minute'
    FROM handoffs_handoff handoff, (VALUES ('accept', 0, interval '4 hours'), ('first_attempt', 1, interval '8 hours'),
        ('next_attempt', 2, interval '24 hours')) AS clock (kind, step, within)
    ORDER BY handoff.id
    """,
    """
    INSERT INTO handoffs_breach (deadline_id, handoff_id, kind, owner_id, team_id, version_id, clause_key, due_at,
        recorded_at)
    SELECT id, handoff_id, kind, owner_id, %(team)s, version_id, clause_key, due_at, due_at
    FROM handoffs_deadline WHERE outcome = 'met_late'
    """,
    """
    INSERT INTO kpis_trafficday (day, source, visitors, updated_at)
    SELECT day::date, source, 400, %(now)s
    FROM generate_series(%(since)s::timestamptz, %(now)s::timestamptz, interval '1 day') day,
        unnest(ARRAY['organic', 'paid_search', 'referral', 'webinar', 'partner']) source
    """,
)
