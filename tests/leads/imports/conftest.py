"""Imports, as tests begin and finish them."""

import io
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import pytest

from accounts.models import User
from leads.importing.mapping import read_mapping
from leads.models import ImportJob
from leads.services.imports import advance_import, choose_columns, start_import, take_file
from tests.factories.accounts import UserFactory


@pytest.fixture
def manager(db: None) -> User:
    return UserFactory(marketing_manager=True, name="Mara Klein", email="mara@us.example")


class Take(Protocol):
    def __call__(
        self, data: str | bytes, *, start: bool = True, name: str = "leads.csv", **mapping: object
    ) -> ImportJob: ...


@pytest.fixture
def take(now: datetime, manager: User) -> Take:
    """Take a file in; with `start` its import waits for a worker, mapped as guessed but for `mapping`."""

    def act(
        data: str | bytes, *, start: bool = True, name: str = "leads.csv", **mapping: object
    ) -> ImportJob:
        raw = data if isinstance(data, bytes) else data.encode()
        job = take_file(io.BytesIO(raw), name=name, now=now, actor=manager)
        if mapping:
            used = read_mapping(job.mapping | mapping)
            choose_columns(job_id=job.pk, mapping=used, now=now, actor=manager)
        return start_import(job_id=job.pk, now=now, actor=manager) if start else job

    return act


@pytest.fixture
def finish(now: datetime) -> Callable[[ImportJob], ImportJob]:
    """Work on an import till it is over."""

    def act(job: ImportJob) -> ImportJob:
        while advance_import(job_id=job.pk, now=now):
            pass
        job.refresh_from_db()
        return job

    return act
