"""The sweep of due deadlines beside a bare `UPDATE … RETURNING` of the same rows, in a database of its own.

`BENCH_OPEN` says how many clocks are open (100,000); `BENCH_DUE` how many of them fall due in each round (5,000).
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from statistics import median, quantiles
from time import sleep

from django.db import transaction
from django.utils import timezone

from handoffs.models import Breach, Deadline
from handoffs.services import sweep_deadlines
from sla_portal.bench.rescore import NOW, Output, execute, put_into_force, scratch_database, timed

OPEN, DUE, BATCH, ROUNDS, REPS = 100_000, 5_000, 500, 5, 40
TARGET = 4.0
WATCHED_SECONDS, TARGET_LATENESS = 20, 3.0
FAR = NOW + timedelta(days=1000)


def run(stdout: Output) -> None:
    """Print seconds and the ratio, the cost with many and with few clocks open, and how late a breach is recorded.

    Ours locks, records breaches, tells people and moves every clock on to its escalation; the reference only moves
    the same rows of an equal table on. Both commit after each 500.
    """
    opened, due = int(os.environ.get("BENCH_OPEN", OPEN)), int(os.environ.get("BENCH_DUE", DUE))
    few = seconds_among(due * (ROUNDS + 1), due)
    with scratch_database():
        generate(opened, due)
        rounds = [one_round(number) for number in range(ROUNDS)]
        ours, theirs = (median(times) for times in zip(*rounds, strict=True))
        stdout.write(
            f"sweep: {due:,} due of {opened:,} open clocks, batches of {BATCH}, median of {ROUNDS}\n"
        )
        stdout.write(
            f"ours {ours:.3f} s ({due / ours:,.0f} a second)  bare update {theirs:.3f} s  "
            f"ratio {ours / theirs:.2f} (target: {TARGET} at most)\n"
        )
        stdout.write(f"the same with {due * (ROUNDS + 1):,} open: {few:.3f} s  ratio {ours / few:.2f}\n")
        watch(stdout, due)


def seconds_among(opened: int, due: int) -> float:
    """Seconds of a round where hardly more clocks are open than fall due."""
    with scratch_database():
        generate(opened, due)
        return median(one_round(number)[0] for number in range(ROUNDS))


def one_round(number: int) -> tuple[float, float]:
    """Another 5,000 fall due; either goes first in turn."""
    now = due_at(number) + timedelta(minutes=1)
    before = Breach.objects.count()
    execute("CHECKPOINT")
    order = [lambda: sweep_deadlines(now=now, limit=BATCH), lambda: update_barely(now)]
    places = [0, 1] if number % 2 == 0 else [1, 0]
    seconds = {place: timed(order[place]) for place in places}
    recorded = Breach.objects.count() - before
    if recorded != Deadline.objects.filter(due_at=due_at(number)).count():
        raise RuntimeError(f"{recorded} breaches were recorded")
    return seconds[0], seconds[1]


def due_at(number: int) -> datetime:
    return NOW + timedelta(days=number + 1)


# --- Lateness -----------------------------------------------------------------------------------------------


def watch(stdout: Output, due: int) -> None:
    """Let clocks fall due at the rate of `due` a minute and sweep each second, as beat does."""
    begun = timezone.now()
    falling = due * WATCHED_SECONDS // 60
    execute(FALL_DUE, [begun, WATCHED_SECONDS, falling, falling])
    late: list[float] = []
    for second in range(1, WATCHED_SECONDS + 2):
        sleep(max(0.0, (begun + timedelta(seconds=second) - timezone.now()).total_seconds()))
        now = timezone.now()
        sweep_deadlines(now=now, limit=BATCH)
        done = timezone.now()
        missed = Breach.objects.filter(recorded_at=now).values_list("due_at", flat=True)
        late += [(done - each).total_seconds() for each in missed]
    p99 = quantiles(late, n=100)[98]
    stdout.write(
        f"due to recorded, {len(late):,} in {WATCHED_SECONDS} s: median {median(late):.2f} s  "
        f"p99 {p99:.2f} s (target: {TARGET_LATENESS} s at most)\n"
    )


# --- Rows ---------------------------------------------------------------------------------------------------


def generate(opened: int, due: int) -> None:
    """Accepted handoffs of forty reps, one clock each; in the first rounds `due` of them at a time fall due."""
    version = put_into_force(0)
    with transaction.atomic():
        execute(TEAM, [NOW])
        execute(USERS, [NOW, REPS])
        execute(POOL)
        execute(LEADS, [version.agreement_id, NOW, NOW, NOW, opened])
        execute(HANDOFFS, [version.pk, NOW, NOW, NOW, NOW, NOW])
        given = {"version": version.pk, "now": NOW, "far": FAR, "due": due, "rounds": ROUNDS}
        execute(DEADLINES, given)
    execute("CREATE TABLE bare_deadline (LIKE handoffs_deadline INCLUDING ALL)")
    execute("INSERT INTO bare_deadline OVERRIDING SYSTEM VALUE SELECT * FROM handoffs_deadline")
    execute("VACUUM ANALYZE")


def update_barely(now: datetime) -> None:
    while execute(BARE, {"now": now, "limit": BATCH}):
        pass


TEAM = """
    INSERT INTO accounts_team (name, side, manager_id)
    SELECT 'Inside sales', 'sales', id FROM accounts_user WHERE role = 'sales_manager' AND created_at = %s LIMIT 1
"""
USERS = """
    INSERT INTO accounts_user (password, email, name, role, team_id, is_active, time_zone, language, created_at)
    SELECT '', 'rep' || i || '@example.com', 'Rep ' || i, 'rep', (SELECT min(id) FROM accounts_team), TRUE, 'UTC',
        'en', %s
    FROM generate_series(1, %s) i
"""
POOL = """
    INSERT INTO handoffs_pool (slug, name, manager_id) SELECT 'inbound', 'Inbound', manager_id FROM accounts_team
"""
LEADS = """
    INSERT INTO leads_lead (agreement_id, email, first_name, last_name, job_title, phone, source, time_zone, attributes,
        email_consent, do_not_call, stage, stage_entered_at, created_at, updated_at)
    SELECT %s, 'lead' || i || '@company.example', 'Ada', 'King ' || i, '', '', 'organic', '', '{}', 'unknown', FALSE,
        'mql', %s, %s, %s
    FROM generate_series(1, %s) i
"""
HANDOFFS = """
    INSERT INTO handoffs_handoff (lead_id, version_id, trigger_key, urgent, pool_id, owner_id, state, missing, note,
        lead_acted_at, created_at, assigned_at, accepted_at, attempts_made, reason_key, reason_note, updated_at)
    SELECT lead.id, %s, 'trigger-score', FALSE, pool.id, rep.id, 'accepted', '[]', '', %s, %s, %s, %s, 1, '', '', %s
    FROM leads_lead lead
    CROSS JOIN handoffs_pool pool
    JOIN (SELECT id, row_number() OVER () AS place, count(*) OVER () AS total FROM accounts_user WHERE role = 'rep') rep
        ON rep.place = 1 + lead.id %% rep.total
    ORDER BY lead.id
"""
DEADLINES = """
    INSERT INTO handoffs_deadline (handoff_id, kind, step, owner_id, version_id, clause_key, calendar_id, started_at,
        due_at, escalate_at, next_action_at, outcome)
    SELECT id, 'next_attempt', 2, owner_id, %(version)s, 'standard-2',
        (SELECT min(id) FROM agreements_calendarrevision), %(now)s, due.at, %(far)s, due.at, 'open'
    FROM (SELECT id, owner_id, row_number() OVER (ORDER BY random()) - 1 AS place FROM handoffs_handoff) shuffled,
        LATERAL (SELECT CASE WHEN place < %(due)s * %(rounds)s
            THEN %(now)s + (1 + place / %(due)s) * interval '1 day' ELSE %(far)s - interval '1 day' END AS at) due
"""
BARE = """
    UPDATE bare_deadline SET next_action_at = escalate_at
    WHERE id IN (
        SELECT id FROM bare_deadline
        WHERE outcome = 'open' AND next_action_at < %(now)s
        ORDER BY next_action_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING id
"""
FALL_DUE = """
    UPDATE handoffs_deadline SET due_at = moved.at, next_action_at = moved.at
    FROM (
        SELECT id, %s + row_number() OVER (ORDER BY id DESC) * (%s * interval '1 second' / %s) AS at
        FROM handoffs_deadline WHERE outcome = 'open' AND due_at = next_action_at ORDER BY id DESC LIMIT %s
    ) moved
    WHERE handoffs_deadline.id = moved.id
"""
