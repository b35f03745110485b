"""Notices in a real Chromium: they come into the page that is open."""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import User
from outbox.models import Notice
from outbox.services import Tell, tell
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def mia() -> User:
    return UserFactory(name="Mia Chen")


@pytest.fixture
def notices(page: Page, live_server: Any, settings: Any, mia: User, now: Any) -> Page:
    """The page of notices, opened by Mia, who has read nothing of two."""
    say(mia, "First", now)
    say(mia, "Second", now)
    client = Client()
    client.force_login(mia)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page.goto(f"{live_server.url}/notices/")
    expect(bell(page)).to_have_attribute("aria-label", "Notices, 2 unread")
    return page


def say(user: User, title: str, now: Any, urgent: bool = False) -> None:
    tell([Tell(user.pk, "test", title, f"key-{title}", url="/settings/", urgent=urgent)], now=now)


def bell(page: Page) -> Any:
    return page.locator("#bell summary")


def test_an_urgent_notice_appears_over_the_open_page_by_itself(notices: Page, mia: User, now: Any) -> None:
    say(mia, "Dana asked for a demo", now, urgent=True)
    toast = notices.locator(".toast-line")
    expect(toast).to_contain_text("Dana asked for a demo", timeout=15_000)
    expect(bell(notices)).to_have_attribute("aria-label", "Notices, 3 unread")
    toast.get_by_role("link").click()
    expect(notices).to_have_url(f"{notices.url.split('/settings')[0]}/settings/")
    expect(bell(notices)).to_have_attribute("aria-label", "Notices, 2 unread")


def test_the_keyboard_reads_a_row_and_the_bell_follows(notices: Page) -> None:
    notices.locator("h1").click()
    notices.keyboard.press("j")
    notices.keyboard.press("e")
    expect(bell(notices)).to_have_attribute("aria-label", "Notices, 1 unread")
    expect(notices.locator(".notice-row").first).to_contain_text("Mark unread")


def test_the_open_bell_is_not_replaced_and_marks_all_read(notices: Page, mia: User, now: Any) -> None:
    bell(notices).click()
    say(mia, "Third", now)
    notices.evaluate("document.body.dispatchEvent(new Event('notices'))")
    menu = notices.locator(".notice-menu")
    expect(menu.locator(".notice-line")).to_have_count(2)
    menu.get_by_role("button", name="Mark all read").click()
    expect(bell(notices)).to_have_attribute("aria-label", "Notices, 0 unread")
    assert not Notice.objects.unread().exists()
