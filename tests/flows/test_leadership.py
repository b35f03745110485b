"""Leadership opens the month, follows a figure to its leads, and takes the list along as a file."""

import csv
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.roles import Role
from agreements.models import Version
from leads.models import Lead
from leads.stages import Stage
from tests.factories.accounts import UserFactory
from tests.factories.agreements import active_starter
from tests.factories.handoffs import SalesTeam, advance_to, lead_of
from tests.flows.conftest import Enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def version(sales_team: SalesTeam) -> Version:
    return active_starter(now=timezone.now() - timedelta(minutes=5))


@pytest.fixture
def mqls(version: Version) -> list[Lead]:
    """Three leads that became MQLs a moment ago."""
    leads = [lead_of(version, first_name=name, last_name="King") for name in ("Ada", "Ben", "Cleo")]
    for lead in leads:
        advance_to(lead, Stage.MQL, now=timezone.now())
    return leads


@pytest.fixture
def calm(page: Page) -> list[str]:
    """What scripts and the content security policy complained of."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    return said


def test_a_figure_leads_to_its_leads_and_to_a_file_of_as_many(
    page: Page, live_server: Any, enter: Enter, mqls: list[Lead], calm: list[str]
) -> None:
    enter(UserFactory(role=Role.LEADERSHIP), "/start/")
    expect(page.get_by_role("heading", name="Is the promise kept this month?")).to_be_visible()
    expect(page.locator(".answer-words")).to_contain_text("promise")

    page.get_by_role("link", name="All figures").click()
    picture = page.locator("#chart-waterfall .chart-picture")
    expect(picture.locator("svg")).to_be_visible()
    expect(picture).to_have_attribute("aria-label", "MQLs against plan, by day. " + _said(picture))
    toggle = page.locator("#chart-waterfall").get_by_role("button", name="Table")
    toggle.click()
    expect(page.locator("#chart-waterfall table")).to_be_visible()
    expect(toggle).to_have_attribute("aria-pressed", "true")

    page.locator(".told", has=page.get_by_role("heading", name="MQLs")).get_by_role("link", name="3").click()
    expect(page.get_by_role("status").filter(has_text="3 leads")).to_be_visible()
    expect(page.locator("[data-row]")).to_have_count(3)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        assert sorted(line["lead"] for line in csv.DictReader(file)) == ["Ada King", "Ben King", "Cleo King"]

    page.get_by_role("link", name="Ada King").click()
    expect(page.get_by_role("heading", name="Ada King")).to_be_visible()
    assert calm == []


def _said(picture: Any) -> str:
    label: str = picture.get_attribute("aria-label")
    assert "the plan asks for" in label
    return label.split(". ", 1)[1]


@pytest.mark.parametrize(
    "path", ["/", "/dashboard/", "/dashboard/behind/?measure=mqls", "/settings/visitors/"]
)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_every_page_is_accessible_and_fits(
    page: Page, live_server: Any, enter: Enter, mqls: list[Lead], path: str, scheme: Any, width: int
) -> None:

    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    enter(UserFactory(role=Role.MARKETING_MANAGER), path)
    page.wait_for_load_state("networkidle")
    violations = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
