"""The agreement's page in a real Chromium: wide and narrow, light and dark, both directions, on paper."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import expect

from tests.factories.accounts import UserFactory
from tests.factories.agreements import active_starter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def opened(page, live_server, settings, now):
    """Opens the starter's page: `opened(language="ar", at="#lead")`."""
    version = active_starter(now=now)

    def open_page(language="en", at=""):
        client = Client()
        client.force_login(UserFactory(rep=True, language=language))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        page.goto(f"{live_server.url}{version.get_absolute_url()}{at}")
        return page

    return open_page


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hinders_a_reader(opened, page, scheme):
    page.emulate_media(color_scheme=scheme)
    violations = Axe().run(opened()).response["violations"]
    assert [(found["id"], found["nodes"][0]["html"]) for found in violations] == []


@pytest.mark.parametrize("language", ["en", "ar"])
def test_page_fits_a_phone_in_both_directions(opened, page, language):
    page.set_viewport_size({"width": 390, "height": 844})
    assert sideways(opened(language)) <= 0
    expect(page.locator("article.document")).to_have_attribute("dir", "ltr")


def test_cited_clause_is_in_sight_and_marked(opened):
    page = opened(at="#response-standard")
    clause = page.locator("#response-standard")
    expect(clause).to_be_in_viewport()
    plain = page.locator("#response-urgent").evaluate("e => getComputedStyle(e).backgroundColor")
    expect(clause).not_to_have_css("background-color", plain)
    expect(page.locator(".contents a[aria-current]")).to_have_text("How fast sales answers")


def test_contents_lead_to_their_chapter(opened):
    page = opened()
    page.get_by_role("navigation", name="Contents").get_by_role("link", name=re.compile("Follow-up")).click()
    expect(page.locator("#chapter-6 > h3")).to_be_in_viewport()


def test_paper_shows_the_document_alone(opened, page):
    opened()
    page.emulate_media(media="print")
    for part in (".sidebar", ".topline", ".contents", ".page-aside", "[data-print]"):
        expect(page.locator(part).first).to_be_hidden()
    expect(page.locator("#signatures")).to_be_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
