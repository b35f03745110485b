"""Runs inside the virtual environment: Celery's beat without the portal's code.

Beat only says which task is due, by name. Started as usual it would load every app to say so, some 60 MB.
"""

import sys

from celery.apps.beat import Beat

from sla_portal.celery import app


def main(schedule: str) -> None:
    """Send the tasks of the settings' schedule until told to end; `schedule` is the file that remembers the
    last time of each."""
    app.loader.worker_initialized = True
    Beat(app=app, schedule=schedule, loglevel="INFO").run()


if __name__ == "__main__":
    main(sys.argv[1])
