"""What the log says of requests."""

import logging

import pytest
from django.test import Client
from django.urls import reverse

from sla_portal.logs import RefusalsInOneLine
from tests.factories.accounts import UserFactory


@pytest.mark.django_db
def test_a_request_that_is_refused_is_one_line(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.force_login(UserFactory(rep=True))
    address = reverse("leads:imports")
    assert client.get(address).status_code == 403
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert (record.getMessage(), record.exc_info) == (f"Forbidden (Permission denied): {address}", None)


def test_a_request_that_failed_keeps_its_traceback() -> None:
    trouble = (ValueError, ValueError("x"), None)
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Failed", (), trouble)
    assert RefusalsInOneLine().filter(record)
    record.status_code = 500
    assert RefusalsInOneLine().filter(record)
    assert record.exc_info == trouble
