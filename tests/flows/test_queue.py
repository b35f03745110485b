"""A rep works the queue from a new lead to an SQL without touching the mouse."""

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from handoffs.models import Attempt
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
