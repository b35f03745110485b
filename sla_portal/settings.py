"""Settings, read from the environment; every default is the safe one.

`./portal` sets what a local run needs. In production set SECRET_KEY, ALLOWED_HOSTS, DATABASE_URL and
REDIS_URL (docs/running.md lists all of them).
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django_stubs_ext
import environ
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.functional import SimpleLazyObject

django_stubs_ext.monkeypatch()  # generic classes may be subscripted at run time

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("PORTAL_DATA_DIR", default=str(BASE_DIR / ".portal")))

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="insecure-and-only-for-tests" if DEBUG else "")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])


def _holds_demo() -> bool:
    from sla_portal.demo.mark import is_loaded  # models can be imported once the settings are read

    return is_loaded()


def is_demo(said: str) -> "bool | SimpleLazyObject[bool]":
    """What DEMO says: yes, no, or, with `auto`, whatever the database answers whoever asks first."""
    if said.strip().lower() == "auto":
        return SimpleLazyObject(_holds_demo)
    return said.strip().lower() in env.BOOLEAN_TRUE_STRINGS


DEMO = is_demo(env.str("DEMO", default="0"))
"""Whether this database may be driven by commands that move the clock (`sweep --now`)."""

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "django_prometheus",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "pghistory",
    "pgtrigger",
    "rest_framework",
    # The portal, lowest first: a receiver of a lower app runs before one of an upper app.
    "accounts",
    "outbox",
    "agreements",
    "leads",
    "scoring",
    "handoffs",
    "nurture",
    "kpis",
    "sla_portal",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.ViewerMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "sla_portal.middleware.ReadableAddressMiddleware",  # after the one that knows the reader's language
    "pghistory.middleware.HistoryMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "sla_portal.urls"
WSGI_APPLICATION = "sla_portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sla_portal.shell.shell",
            ],
            "builtins": ["sla_portal.templatetags.ui"],
        },
    },
]

# --- PostgreSQL and Redis -----------------------------------------------------------------------------------


def database_by_name(database: dict[str, Any]) -> dict[str, Any]:
    """The same server as Django names it: who is asked for in the URL's query (`?host=/run/…&user=…`, as for a socket)
    stands where `dbshell` looks, too, and not only in what psycopg is handed.
    """
    options = dict(database.get("OPTIONS", {}))
    asked = {
        name.upper(): str(options.pop(name))
        for name in ("host", "port", "user", "password")
        if name in options
    }
    return database | {name: database[name] or value for name, value in asked.items()} | {"OPTIONS": options}


DATABASES = {
    "default": database_by_name(
        env.db("DATABASE_URL", default="postgres://postgres@127.0.0.1:5432/sla_portal")
    )
}
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
# On solid-state disks a page read by an index costs hardly more than the next one; with the server's default of 4 the
# planner reads whole tables where a month of them is asked for. And to compile a statement takes longer than to run any
# of the portal's.
DATABASES["default"]["OPTIONS"].setdefault("options", "-c random_page_cost=1.1 -c jit=off")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")


def broker_url(redis_url: str) -> str:
    """The same server in kombu's spelling: `unix:///path?db=1` becomes `redis+socket:///path?virtual_host=1`."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    return f"redis+socket://{parts.path}?virtual_host={parse_qs(parts.query).get('db', ['0'])[0]}"


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "sla",
    }
}

# --- Celery -------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A task lost with its worker comes back within seconds (docs/decisions/0002-celery-and-redis.md).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 60 * 60
CELERY_TIMEZONE = "UTC"
# Each entry expires just before the next one, so that a stopped worker does not find a heap of them.
CELERY_BEAT_SCHEDULE = {
    "handoffs.sweep_deadlines": {
        "task": "handoffs.sweep_deadlines",
        "schedule": 1.0,
        "options": {"expires": 0.9},
    },
    "leads.run_waiting_imports": {
        "task": "leads.run_waiting_imports",
        "schedule": 5.0,
        "options": {"expires": 4.5},
    },
    "leads.remove_old_imports": {
        "task": "leads.remove_old_imports",
        "schedule": crontab(hour="3", minute="11"),
        "options": {"expires": 3600},
    },
    "scoring.rescore_decayed": {
        "task": "scoring.rescore_decayed",
        "schedule": crontab(minute="7"),
        "options": {"expires": 3000},
    },
    "nurture.send_steps": {
        "task": "nurture.send_steps",
        "schedule": 10.0,
        "options": {"expires": 9.5},
    },
    "outbox.deliver_mails": {
        "task": "outbox.deliver_mails",
        "schedule": 2.0,
        "options": {"expires": 1.9},
    },
    "outbox.empty_old_mails": {
        "task": "outbox.empty_old_mails",
        "schedule": crontab(hour="3", minute="41"),
        "options": {"expires": 3600},
    },
    "sla_portal.heartbeat": {
        "task": "sla_portal.heartbeat",
        "schedule": 10.0,
        "options": {"expires": 9},
    },
}

# --- People -------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "start"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "accounts.lockout.username"
AXES_CLIENT_IP_CALLABLE = "accounts.lockout.address"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "accounts/locked_out.html"

PASSWORD_RESET_TIMEOUT = 60 * 60 * 24 * 3
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
"""How many proxies before the portal append to X-Forwarded-For; failed log-ins are counted by address."""

# --- E-mail -------------------------------------------------------------------------------------------------

# smtp+tls://user:password@host:587; without it, e-mails are kept for reading in Settings, Messages, and links
# to set a password are printed to the log of the web server.
EMAIL_URL = env.str("EMAIL_URL", default="")
EMAIL_IS_SET = bool(EMAIL_URL)
"""Whether e-mails go out at all."""
_EMAIL = env.email_url_config(EMAIL_URL or "consolemail://")
EMAIL_BACKEND = {"django.core.mail.backends.smtp.EmailBackend": "outbox.smtp.EmailBackend"}.get(
    _EMAIL["EMAIL_BACKEND"], _EMAIL["EMAIL_BACKEND"]
)
EMAIL_HOST = _EMAIL["EMAIL_HOST"] or "localhost"
EMAIL_PORT = _EMAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _EMAIL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _EMAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
"""Seconds that the server may leave any one command unanswered."""
EMAIL_SENDERS = env.int("EMAIL_SENDERS", default=1)
"""How many workers send at once: a server that hangs holds up so many, and never the work of the others."""
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="SLA portal <portal@localhost>")

# --- Browser security ---------------------------------------------------------------------------------------

# `./portal up` serves plain HTTP on this machine only; everywhere else TLS ends at the balancer. It must set
# X-Forwarded-Proto itself and drop what clients send under that name: the portal believes it. It must pass on
# the Host header, which has to be one of ALLOWED_HOSTS: links in e-mails are made of it.
INSECURE_HTTP = env.bool("INSECURE_HTTP", default=False)
_FIRST_HOST = next(iter(ALLOWED_HOSTS), "localhost").lstrip("*.")
PORTAL_URL = (
    env.str("PORTAL_URL", default="") or f"http{'' if INSECURE_HTTP else 's'}://{_FIRST_HOST}"
).rstrip("/")
"""Scheme and host that links in e-mails start with, where no request says them."""
SECURE_SSL_REDIRECT = not INSECURE_HTTP
SECURE_REDIRECT_EXEMPT = [r"^health/$"]  # the balancer asks by plain HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if INSECURE_HTTP else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not INSECURE_HTTP
SECURE_HSTS_PRELOAD = not INSECURE_HTTP
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_HTTP
CSRF_COOKIE_HTTPONLY = True  # pages carry the token themselves
SESSION_COOKIE_NAME = "sla_session"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- REST ---------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.ApiPermission"],
    "DEFAULT_FILTER_BACKENDS": ["sla_portal.filtering.Filtering"],
    "DEFAULT_PAGINATION_CLASS": "sla_portal.pagination.NewestFirst",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "sla_portal.problems.problem_details",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "PAGE_SIZE": 100,
    "UNAUTHENTICATED_USER": None,
}
# The prefix lets scanners recognise a token that leaked into a repository.
REST_KNOX = {"TOKEN_TTL": None, "TOKEN_MODEL": "accounts.ApiToken", "TOKEN_PREFIX": "sla_"}
KNOX_TOKEN_MODEL = "accounts.ApiToken"
MIGRATION_MODULES = {"knox": None}
"""Its own token table would stand beside ours, unused, and in the way of whoever empties `accounts_user`."""
SPECTACULAR_SETTINGS = {
    "TITLE": "SLA portal",
    "DESCRIPTION": "Sync leads and activities; read back scores, stages and handoffs; work handoffs.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Without the first, the schema would be sent to a service that draws a badge.
    "SWAGGER_UI_SETTINGS": {"validatorUrl": None, "deepLinking": True, "defaultModelsExpandDepth": -1},
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024

# --- Language, time, files ----------------------------------------------------------------------------------

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en")
LANGUAGES = [("en", "English"), ("ar", "العربية")]
"""Each in its own words: who looks for it may not read the others."""
LOCALE_PATHS = [BASE_DIR / "sla_portal" / "locale"]
FORMAT_MODULE_PATH = "sla_portal.formats"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str(
            "STATICFILES_BACKEND", default="whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Logging ------------------------------------------------------------------------------------------------

_LOG_PROCESSORS: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
]
structlog.configure(
    processors=[*_LOG_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(
                    [structlog.dev.ConsoleRenderer(colors=False)]
                    if env.str("LOG_FORMAT", default="json") == "text"
                    else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
                ),
            ],
            "foreign_pre_chain": _LOG_PROCESSORS,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "filters": {"refusals": {"()": "sla_portal.logs.RefusalsInOneLine"}},
    "loggers": {
        name: {"level": "WARNING"}
        # Otherwise they say every log-in, and each task of each second: sent, received, succeeded.
        for name in ("axes", "celery.app.trace", "celery.beat", "celery.worker.strategy")
    }
    | {"django.request": {"filters": ["refusals"]}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
}
