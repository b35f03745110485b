"""Celery acts on the passing of time and on the outside world; PostgreSQL holds every obligation (law 2)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sla_portal.settings")

app = Celery("sla_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
