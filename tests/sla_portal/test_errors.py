"""What is not there, and what fails, in the words of whoever asks: pages for people, problem details for programs."""

from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/api/v1/nothere/", "/api/v1/leads/abc/"])
def test_an_address_of_the_api_that_is_not_there_is_a_problem(path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["title"] == "Not Found"
    assert "/api/v1/docs/" in answer.json()["detail"]


def test_a_page_that_is_not_there_is_a_page() -> None:
    answer = Client().get("/nothere/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("path", "kind"), [("/api/v1/leads/", "application/problem+json"), ("/", "text/html; charset=utf-8")]
)
def test_what_fails_says_so(path: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("meant")

    monkeypatch.setattr("accounts.middleware.ViewerMiddleware.__call__", fail)
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory(role=Role.ADMIN))
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (500, kind)
