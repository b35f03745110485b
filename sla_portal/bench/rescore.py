"""Rescoring beside one hand-written statement of the same rules, in a database of its own.

`BENCH_LEADS` says how many leads (50,000), with ten activities each. The rules are the starter agreement's.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any, Protocol

from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import User
from accounts.roles import Role
from agreements.models import Version
from agreements.services import activate_version, load_agreement
from agreements.services.documents import STARTER, read_source
from scoring.services import rescore
from sla_portal.bench.rescore_by_hand import BY_HAND, DIFFERENT

LEADS = 50_000
ACTIVITIES_A_LEAD = 10
CHANGED = 1_000
ROUNDS_OF_ALL = 3
ROUNDS_OF_CHANGED = 9
TARGET_ALL = 1.2
TARGET_CHANGED = 2.0
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


class Output(Protocol):
    def write(self, text: str, /) -> object: ...


def run(stdout: Output) -> None:
    """Print seconds and ratios for all leads after a rule changed, and for 1,000 leads that did something.

    Ours is `scoring.services.rescore` as the portal calls it: locks, receipts, stages and the signal
    included. The reference only computes and writes scores and history. Both start from the same rows, and
    their results must agree.
    """
    leads = int(os.environ.get("BENCH_LEADS", LEADS))
    with scratch_database():
        stdout.write(
            f"rescore: {leads:,} leads, {leads * ACTIVITIES_A_LEAD:,} activities, starter agreement\n"
        )
        version = put_into_force(0)
        generate(leads, version)
        rescore(None, now=NOW, actor=None)
        prepare_reference()
        compare(
            stdout,
            "all leads after a rule changed",
            TARGET_ALL,
            [round_of_all(number) for number in range(1, ROUNDS_OF_ALL + 1)],
        )
        compare(
            stdout,
            f"{CHANGED:,} leads that changed",
            TARGET_CHANGED,
            [round_of_changed(number) for number in range(ROUNDS_OF_CHANGED)],
        )


def compare(stdout: Output, what: str, target: float, rounds: Sequence[tuple[float, float]]) -> None:
    ours, theirs = (median(times) for times in zip(*rounds, strict=True))
    stdout.write(
        f"{what}: ours {ours:.3f} s  one statement {theirs:.3f} s  ratio {ours / theirs:.2f}"
        f" (target: {target} at most)\n"
    )


def round_of_all(number: int) -> tuple[float, float]:
    """A rule's points change; every lead is scored anew by either, in turn which goes first."""
    version = put_into_force(number)
    acts: list[Callable[[], object]] = [
        lambda: rescore(None, now=NOW, actor=None),
        lambda: score_by_hand(None, version, NOW),
    ]
    return in_turn(acts, number)


def round_of_changed(number: int) -> tuple[float, float]:
    now = NOW + timedelta(minutes=number + 1)
    lead_ids = act_on_some(number, now)
    version = Version.objects.active().get()
    acts: list[Callable[[], object]] = [
        lambda: rescore(lead_ids, now=now, actor=None),
        lambda: score_by_hand(lead_ids, version, now),
    ]
    return in_turn(acts, number)


def in_turn(acts: Sequence[Callable[[], object]], number: int) -> tuple[float, float]:
    """Seconds of both, the first first in even rounds; then both must have come to the same."""
    execute("CHECKPOINT")
    order = [0, 1] if number % 2 == 0 else [1, 0]
    seconds = {place: timed(acts[place]) for place in order}
    [(different,)] = execute(DIFFERENT)
    if different:
        raise RuntimeError(f"{different} scores differ from the hand-written statement's")
    return seconds[0], seconds[1]


def timed(act: Callable[[], object]) -> float:
    begun = perf_counter()
    act()
    return perf_counter() - begun


# --- The database and what is in it -----------------------------------------------------------------------


@contextmanager
def scratch_database() -> Iterator[None]:
    """A database beside the configured one, empty but for the tables, dropped at the end."""
    settings = connection.settings_dict
    kept = settings["NAME"]
    name = f"{kept or 'sla'}_bench_{os.getpid()}"
    quoted = connection.ops.quote_name(name)
    execute(f"CREATE DATABASE {quoted}")
    try:
        connection.close()
        settings["NAME"] = name
        call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()
        settings["NAME"] = kept
        execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")


def execute(text: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return cursor.fetchall() if cursor.description else []


def put_into_force(number: int) -> Version:
    """The starter agreement in its next version, whose number is the points for a page view."""
    content = {**read_source(STARTER).data}
    content["qualification"] = [
        {**clause, "points": 1 + number} if clause["key"] == "interest-page-view" else clause
        for clause in content["qualification"]
    ]
    draft = load_agreement(source=content, now=NOW, actor=None)
    signers = [
        User.objects.get_or_create(
            email=f"{role}@example.com", defaults={"name": role.label, "role": role, "created_at": NOW}
        )[0]
        for role in (Role.MARKETING_MANAGER, Role.SALES_MANAGER)
    ]
    return activate_version(version=draft, signers=signers, now=NOW, actor=None)


def generate(leads: int, version: Version) -> None:
    """Leads that are MQLs already, so that scoring alone is measured, with activities of the last 200 days."""
    with transaction.atomic():
        execute("SELECT setseed(0.25)")
        companies = max(1, leads // 10)
        execute(COMPANIES, [NOW, NOW, companies])
        execute(LEAD_ROWS, [version.agreement_id, NOW, NOW, NOW, NOW, leads, companies])
        execute(ACTIVITY_ROWS, [NOW, leads, ACTIVITIES_A_LEAD])
    execute("VACUUM ANALYZE")


def act_on_some(seed: int, now: datetime) -> list[int]:
    """A thousand leads, picked at random, ask for a demo. Returns their ids."""
    [(lowest, highest)] = execute("SELECT min(id), max(id) FROM leads_lead")
    lead_ids = sorted(
        random.Random(seed).sample(range(lowest, highest + 1), min(CHANGED, highest - lowest + 1))
    )
    execute(ASK_FOR_A_DEMO, [now, now, lead_ids])
    return lead_ids


COMPANIES = """
    INSERT INTO leads_company (name, domain, industry, employees, country, created_at, updated_at)
    SELECT 'Company ' || i, 'company-' || i || '.example',
        (ARRAY['software', 'retail', 'manufacturing', 'health', 'logistics'])[1 + i %% 5],
        (i * 7919::bigint) %% 3000, (ARRAY['DE', 'FR', 'US', 'GB', 'AT'])[1 + i / 5 %% 5], %s, %s
    FROM generate_series(1, %s) i
"""
LEAD_ROWS = """
    INSERT INTO leads_lead (agreement_id, email, first_name, last_name, job_title, phone, company_id, source, time_zone,
        attributes, email_consent, do_not_call, stage, stage_entered_at, created_at, updated_at, last_activity_at)
    SELECT %s, 'lead' || i || (ARRAY['@company.example', '@gmail.com', '@firm.example'])[1 + i %% 3], 'Ada', 'King ' || i,
        (ARRAY['Chief officer', 'Head of marketing', 'Engineer', 'Student', 'Director', 'Sales manager'])[1 + i %% 6],
        CASE WHEN i %% 4 = 0 THEN '' ELSE '+49 30 1234567' END, company.id,
        (ARRAY['organic', 'paid_search', 'referral', 'purchased_list'])[1 + i %% 4], '', '{}', 'unknown', FALSE, 'mql',
        %s, %s, %s, %s
    FROM generate_series(1, %s) i
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM leads_company) company
        ON company.place = 1 + i %% %s
    ORDER BY i
"""
ACTIVITY_ROWS = """
    INSERT INTO leads_activity (lead_id, type, occurred_at, recorded_at, source, human, payload)
    SELECT lowest + floor(random() * leads)::bigint,
        (ARRAY['page_view', 'page_view', 'page_view', 'page_view', 'email_open', 'email_click', 'pricing_view',
            'content_download', 'webinar_attended', 'event_attended', 'calculator_used', 'careers_view',
            'unsubscribe'])[1 + floor(random() * 13)::int], at, at, 'web', random() > 0.05, '{}'
    FROM (
        SELECT date_trunc('second', %s - random() * 200 * interval '1 day') AS at, leads,
            (SELECT min(id) FROM leads_lead) AS lowest
        FROM (SELECT %s::bigint AS leads) of, generate_series(1, leads * %s)
    ) act
    ORDER BY at
"""
ASK_FOR_A_DEMO = """
    INSERT INTO leads_activity (lead_id, type, occurred_at, recorded_at, source, human, payload)
    SELECT id, 'demo_request', %s, %s, 'web', TRUE, '{}' FROM unnest(%s::bigint[]) id
"""

# --- The reference ----------------------------------------------------------------------------------------


def prepare_reference() -> None:
    """Tables like ours with the same rows and foreign keys, for the hand-written statement to write to."""
    for table in ("leadscore", "scorechange"):
        theirs = f"by_hand_{table}"
        execute(f"CREATE TABLE {theirs} (LIKE scoring_{table} INCLUDING ALL)")
        execute(f"INSERT INTO {theirs} OVERRIDING USER VALUE SELECT * FROM scoring_{table}")
        execute(
            f"ALTER TABLE {theirs} ADD FOREIGN KEY (lead_id) REFERENCES leads_lead"
            " DEFERRABLE INITIALLY DEFERRED"
        )
    execute("VACUUM ANALYZE")


def score_by_hand(lead_ids: Sequence[int] | None, version: Version, now: datetime) -> None:
    statement = BY_HAND.format(
        of_leads="TRUE" if lead_ids is None else "lead.id = ANY(%(ids)s)",
        of_acts="TRUE" if lead_ids is None else "lead_id = ANY(%(ids)s)",
    )
    given = {"ids": lead_ids, "now": now, "version": version.pk, "page_view": version.number}
    with transaction.atomic():
        execute(statement, given)
