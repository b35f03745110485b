"""A rep works the queue from a new lead to an SQL without touching the mouse."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from handoffs.models import Attempt, Handoff
from handoffs.services import reassign_handoffs
from leads.models import Lead
from leads.stages import Stage
from tests.factories.agreements import active_starter
from tests.factories.handoffs import SalesTeam, urgent_handoff
from tests.flows.conftest import Enter

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lead(sales_team: SalesTeam) -> Lead:
    """Asked for a demo a minute ago; Mia's by turn."""
    now = timezone.now() - timedelta(minutes=1)
    version = active_starter(now=now)
    sales_team.only(sales_team.mia, now=now)
    return urgent_handoff(version, now, first_name="Ada", last_name="King").lead


def test_from_a_new_lead_to_an_sql_by_the_keyboard(
    page: Page, enter: Enter, sales_team: SalesTeam, lead: Lead
) -> None:
    enter(sales_team.mia, "/queue/")
    row = page.locator("[data-row].is-current")
    expect(row).to_contain_text("Ada King")
    expect(page.locator("#pane")).to_contain_text("Why it is here")

    page.keyboard.press("a")
    expect(page.get_by_text("Ada King: accepted.")).to_be_visible()
    expect(row).to_contain_text("Attempt 1 of 5")

    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Talked")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ada King: attempt logged.")).to_be_visible()
    expect(row).to_contain_text("Answered")
    expect(page.locator("[data-act-form]")).to_have_count(0)
    expect(page.locator("#pane")).to_contain_text("1. Phone: Talked")
    assert Attempt.objects.values_list("channel", "outcome").get() == ("phone", "connected")

    page.keyboard.press("q")
    expect(page.get_by_label("What makes it an SQL")).to_be_focused()
    page.keyboard.type("Budget agreed")
    page.keyboard.press("Tab")
    page.keyboard.type("9000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ada King: qualified as SQL.")).to_be_visible()
    expect(page.get_by_text("Nothing to do")).to_be_visible()
    lead.refresh_from_db()
    assert (lead.stage, lead.value) == (Stage.SQL, 9000)


def test_what_another_did_meanwhile_is_said_when_the_button_is_pressed(
    page: Page, enter: Enter, sales_team: SalesTeam, lead: Lead
) -> None:
    enter(sales_team.mia, "/queue/")
    expect(page.locator("#pane")).to_contain_text("Why it is here")
    page.wait_for_load_state("networkidle")
    handoff = Handoff.objects.get(lead=lead)
    reassign_handoffs(
        handoff_ids=[handoff.pk], to_user_id=sales_team.omar.pk, now=timezone.now(), actor=sales_team.manager
    )
    page.keyboard.press("a")
    expect(page.get_by_text("This handoff is Omar")).to_be_visible()
    expect(page.get_by_text("Nothing to do")).to_be_visible()


def test_form_offers_what_can_come_of_the_channel(
    page: Page, enter: Enter, sales_team: SalesTeam, lead: Lead
) -> None:
    enter(sales_team.mia, "/queue/")
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Sent")).to_be_focused()
    expect(page.get_by_role("button", name="Left a voicemail")).to_be_hidden()
    page.get_by_role("form").get_by_text("Phone").click()
    expect(page.get_by_role("button", name="Left a voicemail")).to_be_visible()
    expect(page.get_by_role("button", name="Sent")).to_be_hidden()


def test_begun_form_stays_while_the_page_fetches(
    page: Page, enter: Enter, sales_team: SalesTeam, lead: Lead
) -> None:
    enter(sales_team.mia, "/queue/")
    page.keyboard.press("x")
    note = page.get_by_label("Note")
    note.fill("Sells to consumers")
    page.evaluate("htmx.trigger('#queue', 'handoffs-changed')")
    page.wait_for_load_state("networkidle")
    expect(note).to_have_value("Sells to consumers")
    page.keyboard.press("Escape")
    expect(page.locator("[data-act-form]")).to_have_count(0)
    expect(page.locator("[data-row].is-current")).to_be_focused()


@pytest.fixture
def slow_line(page: Page) -> Iterator[None]:
    """Each answer takes 600 ms, as from a busy server far away."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    conditions = {"offline": False, "latency": 600, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", conditions)
    yield
    session.detach()


def type_ahead(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_keys_typed_ahead_of_a_slow_server_are_not_lost(
    page: Page, enter: Enter, sales_team: SalesTeam, lead: Lead, slow_line: None
) -> None:
    enter(sales_team.mia, "/queue/")
    expect(page.locator("[data-row].is-current")).to_be_visible()
    type_ahead(page, "a", "c", "Enter")
    expect(page.get_by_text("Ada King: accepted.")).to_be_visible()
    expect(page.get_by_text("Ada King: attempt logged.")).to_be_visible()
    assert Attempt.objects.values_list("channel", "outcome").get() == ("phone", "connected")
    expect(page).to_have_url(re.compile("/queue/$"))


def test_key_of_an_act_that_becomes_possible_waits_for_it(
    page: Page, enter: Enter, sales_team: SalesTeam, lead: Lead, slow_line: None
) -> None:
    enter(sales_team.mia, "/queue/")
    expect(page.locator("[data-row].is-current")).to_be_visible()
    type_ahead(page, "a", "q", *"Was at XR", "Tab", *"9000")
    expect(page.get_by_label("What makes it an SQL")).to_have_value("Was at XR")
    expect(page.get_by_label("Expected deal value")).to_have_value("9000")


def test_form_just_opened_stays_when_an_act_before_it_is_answered(
    page: Page, enter: Enter, sales_team: SalesTeam, lead: Lead
) -> None:
    enter(sales_team.mia, "/queue/")
    expect(page.locator("#pane")).to_contain_text("Why it is here")
    page.wait_for_load_state("networkidle")
    held: list[Route] = []
    page.route("**/accept/", lambda route: held.append(route))
    type_ahead(page, "a", "c")
    talked = page.get_by_role("button", name="Talked")
    expect(talked).to_be_focused()
    held[0].continue_()
    expect(page.locator("[data-row].is-current")).to_contain_text("Attempt 1 of 5")
    page.wait_for_load_state("networkidle")
    expect(talked).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#pane")).not_to_contain_text("Accept ")


def test_answer_to_an_act_arrives_though_the_list_was_fetched_meanwhile(
    page: Page, enter: Enter, sales_team: SalesTeam, lead: Lead
) -> None:
    enter(sales_team.mia, "/queue/")
    expect(page.locator("#pane")).to_contain_text("Why it is here")
    page.wait_for_load_state("networkidle")
    held: list[Route] = []
    page.route("**/accept/", lambda route: held.append(route))
    page.keyboard.press("a")
    with page.expect_response("**/queue/*"):
        page.evaluate("htmx.trigger('#queue', 'handoffs-changed')")
    page.wait_for_timeout(100)
    held[0].continue_()
    expect(page.get_by_text("Ada King: accepted.")).to_be_visible()
    expect(page.locator("[data-row].is-current")).to_contain_text("Attempt 1 of 5")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/queue/", "/board/?show=open", "/settings/pools/"])
def test_pages_are_accessible(
    path: str, scheme: Any, page: Page, enter: Enter, sales_team: SalesTeam, lead: Lead
) -> None:
    page.emulate_media(color_scheme=scheme)
    enter(sales_team.manager, path)
    page.wait_for_load_state("networkidle")
    found = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
