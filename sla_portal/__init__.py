"""The project: settings, urls, celery, api router, system checks. Nothing of the domain."""

from sla_portal.celery import app as celery_app

__all__ = ["celery_app"]
