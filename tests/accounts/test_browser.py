"""Pages of accounts in a real Chromium: what scripts do there, and that everybody can use them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.selectors import find_token
from outbox.services import Tell, tell
from tests.factories.accounts import PASSWORD, TeamFactory, UserFactory, plain_token

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = [
    "settings",
    "health",
    "accounts:people",
    "accounts:person_new",
    "accounts:teams",
    "accounts:team_new",
    "accounts:tokens",
    "accounts:profile",
    "accounts:password",
    "outbox:notices",
]
WAYS_IN = ["login", "password_reset", "password_reset_done"]


@pytest.fixture
def admin(now: datetime) -> User:
    admin = UserFactory(admin=True, name="Ada King", email="ada@example.com")
    UserFactory(team=TeamFactory(manager=UserFactory(sales_manager=True)), name="Mia Chen")
    plain_token(admin)
    tell([Tell(admin.pk, "test", "Demo asked for", "a", body="First attempt due", urgent=True)], now=now)
    return admin


@pytest.fixture
def checked(page: Page) -> Iterator[Page]:
    """A page on which no script may have failed, nor wanted what the policy forbids, when the test ends."""
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda said: failures.append(said.text) if "Content Security" in said.text else None)
    yield page
    assert failures == []


@pytest.fixture
def as_admin(checked: Page, live_server: Any, settings: Any, admin: User) -> Page:
    client = Client()
    client.force_login(admin)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    checked.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    return checked


def violations(page: Page) -> list[tuple[str, list[str]]]:
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize(
    ("language", "scheme", "width"), [("en", "light", 1360), ("en", "dark", 390), ("ar", "light", 390)]
)
def test_everybody_can_use_every_page(
    as_admin: Page, live_server: Any, admin: User, language: str, scheme: Any, width: int
) -> None:
    User.objects.filter(pk=admin.pk).update(language=language)
    as_admin.emulate_media(color_scheme=scheme)
    as_admin.set_viewport_size({"width": width, "height": 844})
    for name in [*PAGES, "api-docs"]:
        as_admin.goto(live_server.url + reverse(name))
        assert as_admin.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
        if name != "api-docs":
            expect(as_admin.locator("#bell summary")).to_be_visible()
            assert violations(as_admin) == [], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_get_in(checked: Page, live_server: Any, scheme: Any) -> None:
    checked.emulate_media(color_scheme=scheme)
    for name in WAYS_IN:
        checked.goto(live_server.url + reverse(name))
        assert violations(checked) == [], name


def test_logging_in_after_a_mistake_and_logging_out(checked: Page, live_server: Any, admin: User) -> None:
    checked.goto(f"{live_server.url}/settings/people/")
    checked.get_by_label("E-mail").fill("Ada@Example.com")
    checked.get_by_label("Password").fill("not this one")
    checked.get_by_role("button", name="Log in").click()
    expect(checked.locator(".form-errors")).to_be_focused()
    assert violations(checked) == []
    expect(checked.get_by_label("E-mail")).to_have_value("Ada@Example.com")
    checked.get_by_label("Password").fill(PASSWORD)
    checked.get_by_role("button", name="Log in").click()
    expect(checked).to_have_url(f"{live_server.url}/settings/people/")
    checked.locator(".person-menu summary").click()
    checked.get_by_role("button", name="Log out").click()
    expect(checked).to_have_url(f"{live_server.url}/login/")


def test_a_token_is_shown_once_after_a_mistake_that_keeps_what_was_typed(
    as_admin: Page, live_server: Any
) -> None:
    as_admin.goto(live_server.url + reverse("accounts:tokens"))
    as_admin.get_by_label("Name").fill("CRM sync")
    as_admin.get_by_role("button", name="Make the token").click()
    expect(as_admin.locator(".form-errors")).to_be_focused()
    expect(as_admin.get_by_label("Name")).to_have_value("CRM sync")
    as_admin.get_by_label("Acts for").select_option(label="Mia Chen")
    as_admin.get_by_role("button", name="Make the token").click()
    shown = as_admin.get_by_label("Token", exact=True)
    token = find_token(shown.input_value())
    assert token is not None
    assert token.user.name == "Mia Chen"
    as_admin.get_by_role("button", name="Copy").click()
    expect(as_admin.get_by_role("button", name="Copied")).to_be_visible()
    as_admin.reload()
    expect(as_admin.get_by_text("CRM sync", exact=True)).to_be_visible()
    expect(shown).to_have_count(0)


def test_deactivating_asks_once(as_admin: Page, live_server: Any) -> None:
    mia = User.objects.get(name="Mia Chen")
    as_admin.goto(live_server.url + reverse("accounts:person", args=[mia.pk]))
    as_admin.get_by_role("button", name="Deactivate").click()
    as_admin.locator("#confirm-dialog").get_by_role("button", name="Keep as it is").click()
    mia.refresh_from_db()
    assert mia.is_active
    as_admin.get_by_role("button", name="Deactivate").click()
    as_admin.locator("#confirm-dialog").get_by_role("button", name="Deactivate").click()
    expect(as_admin.get_by_role("button", name="Let log in again")).to_be_visible()
    mia.refresh_from_db()
    assert not mia.is_active


def test_the_page_about_the_api_works_and_fetches_nothing_from_elsewhere(
    checked: Page, live_server: Any
) -> None:
    elsewhere: list[str] = []
    checked.on(
        "request",
        lambda asked: (
            elsewhere.append(asked.url) if not asked.url.startswith((live_server.url, "data:")) else None
        ),
    )
    checked.goto(live_server.url + reverse("api-docs"))
    expect(checked.get_by_text("/api/v1/leads/upsert/").first).to_be_visible()
    checked.get_by_text("/api/v1/leads/upsert/").first.click()
    expect(checked.get_by_role("button", name="Try it out")).to_be_visible()
    assert elsewhere == []
