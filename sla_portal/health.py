"""Is everything that must run running? Asked by Settings → Health."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from redis import Redis

from handoffs.models import Deadline
from leads.selectors.imports import untouched_since
from outbox.models import Message
from outbox.selectors import mail_server_trouble
from sla_portal.tasks import HEARTBEAT

SILENT_AFTER = timedelta(seconds=45)
LATE_AFTER = timedelta(seconds=30)
IMPORT_WAITS_AT_MOST = timedelta(minutes=5)
MAIL_WAITS_AT_MOST = timedelta(minutes=10)
LONGEST_QUEUE = 500
LEAST_FREE_BYTES = 500 * 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """What a check saw, in words; `advice` says what to do and is shown when it failed."""

    ok: bool
    words: str
    advice: str = ""


@dataclass(frozen=True)
class Check:
    name: str
    ok: bool
    words: str
    advice: str


def check_health(*, now: datetime) -> list[Check]:
    """Every check, those that failed with words that say what to do. A check that raises has failed."""
    return [_run(str(name), check, str(advice), now) for name, check, advice in CHECKS]


def _run(name: str, check: Callable[[datetime], Finding], advice: str, now: datetime) -> Check:
    try:
        finding = check(now)
    except Exception as error:
        finding = Finding(False, str(error) or type(error).__name__)
    return Check(name, finding.ok, finding.words, "" if finding.ok else finding.advice or advice)


def _database(now: datetime) -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), pg_size_pretty(pg_database_size(current_database()))"
        )
        version, size = cursor.fetchone() or ("", "")
    return Finding(True, _("PostgreSQL %(version)s, %(size)s") % {"version": version, "size": size})


def _cache(now: datetime) -> Finding:
    cache.set("health", now, timeout=60)
    kept = cache.get("health") == now
    return Finding(kept, _("It answers") if kept else _("It forgot what it was just told"))


def _worker(now: datetime) -> Finding:
    beat: datetime | None = cache.get(HEARTBEAT)
    if beat is None:
        return Finding(False, _("No worker has answered since the cache was last emptied"))
    silent = now - beat
    words = _("Last sign of life %(seconds)d s ago") % {"seconds": silent.total_seconds()}
    return Finding(silent < SILENT_AFTER, words)


def _queue(now: datetime) -> Finding:
    with Redis.from_url(settings.REDIS_URL) as broker:
        waiting = int(broker.llen("celery"))
    words = ngettext("%(count)d task waits", "%(count)d tasks wait", waiting) % {"count": waiting}
    return Finding(waiting <= LONGEST_QUEUE, words)


def _deadlines(now: datetime) -> Finding:
    late = Deadline.objects.due(now=now - LATE_AFTER).count()
    if not late:
        return Finding(True, _("The sweep is up to date"))
    words = ngettext("%(count)d clock waits for the sweep", "%(count)d clocks wait for the sweep", late)
    return Finding(False, words % {"count": late})


def _imports(now: datetime) -> Finding:
    waiting = untouched_since(now - IMPORT_WAITS_AT_MOST).count()
    if not waiting:
        return Finding(True, _("None waits"))
    words = ngettext("%(count)d import waits for a worker", "%(count)d imports wait for a worker", waiting)
    return Finding(False, words % {"count": waiting})


def _messages(now: datetime) -> Finding:
    if stuck := Message.objects.stuck().count():
        words = ngettext("%(count)d message is stuck", "%(count)d messages are stuck", stuck)
        return Finding(False, words % {"count": stuck})
    if trouble := mail_server_trouble():
        return Finding(False, _("The mail server fails: %(words)s") % {"words": trouble.last_error})
    if settings.EMAIL_IS_SET and Message.objects.mails().waiting(now=now - MAIL_WAITS_AT_MOST).exists():
        return Finding(False, _("E-mails wait longer than they should"), str(_START_A_WORKER))
    return Finding(True, _("None is stuck"))


def _disk(now: datetime) -> Finding:
    place = next(path for path in (settings.DATA_DIR, *settings.DATA_DIR.parents) if path.exists())
    free = shutil.disk_usage(place).free
    words = _("%(size)s free where files are kept") % {"size": filesizeformat(free)}
    return Finding(free >= LEAST_FREE_BYTES, words)


_START_A_WORKER = gettext_lazy(
    "Start a worker and beat: “./portal up” runs both; with containers, “docker compose up -d worker beat”."
)
CHECKS = (
    (
        gettext_lazy("Database"),
        _database,
        gettext_lazy("Start PostgreSQL, or correct DATABASE_URL."),
    ),
    (
        gettext_lazy("Cache and broker"),
        _cache,
        gettext_lazy("Start Redis, or correct REDIS_URL. Nothing is lost meanwhile, only late."),
    ),
    (gettext_lazy("Worker and beat"), _worker, _START_A_WORKER),
    (
        gettext_lazy("Tasks in the queue"),
        _queue,
        gettext_lazy("Start more workers, or look into their log for a task that does not end."),
    ),
    (gettext_lazy("Deadlines"), _deadlines, _START_A_WORKER),
    (gettext_lazy("Imports"), _imports, _START_A_WORKER),
    (
        gettext_lazy("Messages"),
        _messages,
        gettext_lazy("Settings, Messages says why, and has them tried again."),
    ),
    (
        gettext_lazy("Disk"),
        _disk,
        gettext_lazy("Make room: PostgreSQL stops when the disk is full."),
    ),
)
