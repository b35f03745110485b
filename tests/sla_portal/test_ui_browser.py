"""The shell's scripts in a real Chromium, on the page that shows every part."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import include, path
from playwright.sync_api import Page, expect

from sla_portal.styleguide import styleguide
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def results(request: HttpRequest) -> HttpResponse:
    query = request.GET["q"]
    found = [{"label": label, "url": f"/{label}/"} for label in ("ada", "adam", "bo") if query in label]
    groups = [{"label": "Leads", "items": found}] if found else []
    return render(request, "shell/_palette_results.html", {"query": query, "groups": groups})


def refusal(request: HttpRequest) -> HttpResponse:
    return HttpResponse('{"detail": "Mia closed it."}', status=409, content_type="application/problem+json")


def gone_session(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=401)


urlpatterns = [
    path("style/", styleguide),
    path("palette/", results, name="palette"),
    path("refusal/", refusal),
    path("gone/", gone_session),
    path("", include("sla_portal.urls")),
]


@pytest.fixture
def style(page: Page, live_server: Any, settings: Any, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The style page, opened by an administrator; no script may have failed when the test ends."""
    settings.ROOT_URLCONF = request.module.__name__
    client = Client()
    client.force_login(UserFactory(admin=True))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda said: failures.append(said.text) if "Content Security" in said.text else None)
    page.goto(f"{live_server.url}/style/")
    yield page
    assert failures == []


def test_a_clock_turns_overdue_in_the_open_page(style: Page) -> None:
    clock = style.locator(".clock").nth(3)
    expect(clock).to_contain_text("Due soon: due in under a minute")
    expect(clock).to_contain_text("Overdue: late by under a minute", timeout=12_000)
    expect(clock).to_have_class("clock clock-overdue")
    assert (clock.get_attribute("title") or "").startswith("Overdue: ")


def test_the_tip_shows_the_exact_instant_on_focus_and_gives_the_title_back(style: Page) -> None:
    clock = style.locator(".clock").first
    exact = clock.get_attribute("title") or ""
    style.keyboard.press("Tab")
    clock.focus()
    expect(style.locator("#tip")).to_have_text(exact)
    expect(clock).to_have_attribute("aria-describedby", "tip")
    style.keyboard.press("Escape")
    expect(style.locator("#tip")).to_be_hidden()
    assert clock.get_attribute("title") == exact


def test_rows_move_by_keyboard_and_enter_opens(style: Page) -> None:
    style.locator("h1").click()
    for key in ("j", "j", "k"):
        style.keyboard.press(key)
    expect(style.locator("#row-0")).to_be_focused()
    style.keyboard.press("End")
    expect(style.locator("#row-5")).to_be_focused()
    style.keyboard.press("Enter")
    expect(style).to_have_url(style.url.split("#")[0] + "#5")


def test_keys_press_what_they_stand_on_but_not_while_typing(style: Page) -> None:
    listen = "button => button.addEventListener('click', () => (window.logged = 'row-1'))"
    style.locator("#row-1 [data-key=l]").evaluate(listen)
    style.locator("#row-1").focus()
    style.keyboard.press("l")
    assert style.evaluate("window.logged") == "row-1"
    style.keyboard.press("/")
    style.keyboard.type("jl?")
    assert style.evaluate("document.activeElement.value") == "jl?"
    expect(style.locator("#keys-dialog")).to_be_hidden()


def test_the_question_mark_lists_the_keys_of_the_page(style: Page) -> None:
    style.locator("h1").click()
    style.keyboard.press("?")
    expect(style.locator("#keys-dialog")).to_contain_text("Log an attempt")
    expect(style.locator("#keys-dialog")).to_contain_text("Say a success")


def test_the_palette_searches_chooses_and_gives_the_focus_back(style: Page) -> None:
    style.locator(".person-menu summary").focus()
    style.keyboard.press("Control+k")
    style.keyboard.type("ad")
    options = style.locator("#palette [role=option]")
    expect(options).to_have_count(2)
    style.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    style.keyboard.press("Escape")
    expect(style.locator("#palette")).to_be_hidden()
    expect(style.locator(".person-menu summary")).to_be_focused()
    style.keyboard.press("Control+k")
    style.keyboard.type("zz")
    expect(style.locator("#palette-results")).to_contain_text("Nothing is called “zz”")


def test_the_palette_goes_where_enter_says(style: Page) -> None:
    style.keyboard.press("Control+k")
    style.keyboard.type("adam")
    expect(style.locator("#palette [role=option]")).to_have_count(1)
    style.keyboard.press("Enter")
    style.wait_for_url("**/adam/")


def test_an_act_that_asks_happens_only_after_yes(style: Page) -> None:
    button = style.locator("[data-confirm]")
    button.evaluate("button => { window.done = 0; button.addEventListener('click', () => window.done++); }")
    button.click()
    style.keyboard.press("Escape")
    expect(button).to_be_focused()
    assert style.evaluate("window.done") == 0
    button.click()
    style.get_by_role("button", name="Return the lead").click()
    expect(style.locator("#confirm-dialog")).to_be_hidden()
    assert style.evaluate("window.done") == 1


def test_a_refused_request_says_the_servers_words(style: Page) -> None:
    style.evaluate("htmx.ajax('GET', '/refusal/', {target: '#content', swap: 'innerHTML'})")
    expect(style.get_by_role("alert").filter(has_text="Mia closed it.")).to_be_visible()
    expect(style.locator("#content h2").first).to_have_text("Clock")


def test_a_session_that_ended_leads_to_the_log_in_page_and_back(style: Page) -> None:
    style.wait_for_load_state("networkidle")  # an answer under way would bring the cookie back
    style.context.clear_cookies()
    # Not waited for: the page that would tell of the answer is left because of it.
    style.evaluate("void htmx.ajax('GET', '/gone/', {target: '#content', swap: 'innerHTML'})")
    expect(style).to_have_url(re.compile(r"/login/\?next=%2Fstyle%2F$"))
    expect(style.locator("h1")).to_have_text("Log in")


def test_timeline_filters_stay_in_the_address(style: Page) -> None:
    style.locator("[data-timeline] [data-kind=attempt][role=button]").click()
    lines = style.locator(".timeline-line:visible")
    expect(lines).to_have_count(2)
    style.reload()
    expect(lines).to_have_count(2)


def test_theme_and_rows_are_remembered(style: Page) -> None:
    style.locator(".person-menu summary").click()
    style.get_by_text("Dark", exact=True).click()
    style.get_by_text("Compact", exact=True).click()
    style.reload()
    root = style.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    expect(root).to_have_attribute("data-density", "compact")


def test_a_wrong_form_has_the_focus_on_what_is_wrong(style: Page) -> None:
    expect(style.locator(".form-errors")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_part_is_accessible_and_fits(style: Page, scheme: Any, width: int) -> None:
    style.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    style.set_viewport_size({"width": width, "height": 900})
    style.reload()
    assert Axe().run(style).response["violations"] == []
    assert style.evaluate("document.documentElement.scrollWidth") <= width
