"""The server is away for a while: the open page stays calm and goes on by itself."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.factories.handoffs import SalesTeam
from tests.flows.conftest import Enter

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def refused(route: Route) -> None:
    route.abort("connectionrefused")


def unavailable(route: Route) -> None:
    """As a proxy answers for a server that is away."""
    route.fulfill(status=502, content_type="text/html", body="Bad gateway")


@pytest.mark.parametrize("answer", [refused, unavailable])
def test_missed_polls_are_told_once_and_forgotten_when_one_arrives(
    answer: object, page: Page, enter: Enter, sales_team: SalesTeam
) -> None:
    page.clock.install()
    enter(sales_team.mia, "/queue/")
    expect(page.get_by_text("Nothing to do")).to_be_visible()
    messages = page.locator(".toast-line")

    page.route("**/*", answer)  # type: ignore[arg-type]
    with page.expect_request("**/notices/**"):
        page.clock.run_for(11_000)
    page.wait_for_timeout(100)
    expect(messages).to_have_count(0)
    page.clock.run_for(60_000)
    expect(messages).to_have_count(1)
    expect(messages).to_contain_text("goes on by itself")

    page.unroute("**/*")
    page.clock.run_for(11_000)
    expect(messages).to_have_count(0)


def test_act_that_does_not_arrive_is_told_at_once(page: Page, enter: Enter, sales_team: SalesTeam) -> None:
    enter(sales_team.mia, "/queue/")
    page.route("**/*", refused)
    page.get_by_role("searchbox", name="Search in the queue").fill("Ada")
    expect(page.locator(".toast-line")).to_contain_text("The portal did not answer.")
