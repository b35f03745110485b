"""What people and clients may type into an address, and no page breaks by."""

import base64
import json
from urllib.parse import quote

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.roles import Role, Scope
from agreements.models import Version
from tests.factories.accounts import UserFactory, plain_token
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db
PAGES = {
    "/": ("agreement",),
    "/queue/": ("owner", "q"),
    "/board/": ("pool", "owner", "page", "show"),
    "/leads/": ("q", "owner", "source", "grade", "agreement", "company", "from", "sort", "cursor"),
    "/palette/": ("q",),
    "/dashboard/": ("team", "source"),
    "/dashboard/behind/?measure=attempts&by=person": ("value", "source", "page"),
    "/dashboard/behind/?measure=attempts&by=tries": ("value",),
    "/dashboard/behind/?measure=handoffs&by=source": ("value",),
    "/settings/people/": ("q", "role", "team", "page"),
    "/settings/messages/": ("to", "cursor", "state"),
    "/notices/": ("page",),
    "/nurture/suppressed/": ("q", "page"),
}
ENDPOINTS = {
    "/api/v1/leads/": ("cursor", "owner", "external_ref", "q", "page_size"),
    "/api/v1/handoffs/": ("cursor", "lead", "owner"),
    "/api/v1/deadlines/": ("handoff",),
    "/api/v1/breaches/": ("handoff",),
    "/api/v1/kpis/": ("team", "source", "agreement"),
    "/api/v1/kpis/behind/?key=attempts&by=person": ("value", "page", "page_size"),
}
ODD = ["9" * 25, "9" * 5000, str(2**63), "-1", "²", "٣", "1e400", "", "\ud800"]
"""Numbers that no column takes, and what looks like one."""


def asked(address: str, names: tuple[str, ...], value: str) -> list[str]:
    """The address with each of its parameters in turn set to a value, percent-encoded."""
    return [f"{address}{'&' if '?' in address else '?'}{name}={value}" for name in names]


def spelled(text: str) -> str:
    return quote(text.encode(errors="surrogatepass"))


@pytest.fixture
def administrator(starter: Version) -> Client:
    client = Client()
    client.force_login(UserFactory(role=Role.ADMIN))
    return client


@pytest.fixture
def caller(starter: Version) -> APIClient:
    _token, plain = plain_token(UserFactory(role=Role.ADMIN), *Scope.values)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {plain}")
    return client


def answers(client: Client, address: str, names: tuple[str, ...]) -> dict[str, int]:
    return {
        each[:90]: client.get(each).status_code
        for text in ODD
        for each in asked(address, names, spelled(text))
    }


@pytest.mark.parametrize(("address", "names"), PAGES.items())
def test_a_page_is_told_what_it_cannot_be_asked_for(
    administrator: Client, address: str, names: tuple[str, ...]
) -> None:
    told = answers(administrator, address, names)
    assert {each: status for each, status in told.items() if status not in (200, 404)} == {}
    for each in asked(address, names, "a%00b"):
        refused = administrator.get(each)
        assert refused.status_code == 400
        assert "The portal cannot read this" in refused.content.decode()


@pytest.mark.parametrize(("address", "names"), ENDPOINTS.items())
def test_an_endpoint_is_told_what_it_cannot_be_asked_for(
    caller: APIClient, address: str, names: tuple[str, ...]
) -> None:
    told = answers(caller, address, names)
    assert {each: status for each, status in told.items() if status not in (200, 400, 404)} == {}
    for each in asked(address, names, "a%00b"):
        refused = caller.get(each)
        assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")
        assert refused.json() == {
            "type": "about:blank",
            "title": "Bad Request",
            "status": 400,
            "detail": "The address holds the character NUL, which no text here can hold.",
        }


@pytest.mark.parametrize("place", ["p=abc", "p=%00", f"p={10**30}", "p=²"])
@pytest.mark.parametrize("address", ["/api/v1/leads/", "/api/v1/handoffs/"])
def test_a_cursor_that_no_endpoint_gave_is_refused(caller: APIClient, address: str, place: str) -> None:
    answer = caller.get(address, {"cursor": base64.b64encode(place.encode()).decode()})
    assert answer.status_code == 404


@pytest.mark.parametrize("address", ["/leads/%00/", "/leads/?%00=a", "/no/such/page/?q=%00"])
def test_nul_is_refused_wherever_it_stands(administrator: Client, address: str) -> None:
    assert administrator.get(address).status_code == 400


def test_it_is_refused_in_the_readers_language(starter: Version) -> None:
    client = Client()
    client.force_login(UserFactory(role=Role.REP, language="ar"))
    assert 'lang="ar"' in client.get("/queue/?q=%00").content.decode()


@pytest.mark.parametrize("order", ["name", "-created"])
@pytest.mark.parametrize(
    "place",
    [["a\0b", 1, 0], ["\ud800", 1, 0], ["a", 10**30, 0], ["a", "²", 0], [None, 1, 0], ["a", 1.5, 0], "x"],
)
def test_a_place_that_the_list_never_gave_is_its_beginning(
    administrator: Client, order: str, place: object
) -> None:
    LeadFactory(first_name="Ada")
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    answer = administrator.get("/leads/", {"sort": order, "cursor": cursor})
    assert answer.status_code == 200
    assert "Ada" in answer.content.decode()


def test_a_place_within_a_thousand_lists_is_none(administrator: Client) -> None:
    cursor = base64.urlsafe_b64encode(b"[" * 200_000).decode()
    assert administrator.get("/leads/", {"cursor": cursor}).status_code == 200
