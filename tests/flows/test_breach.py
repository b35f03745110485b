"""A clock runs out in real time: a worker records the breach, the manager reassigns, another rep sees it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from agreements.services import create_calendar
from handoffs.models import Breach, Handoff
from tests.factories.agreements import active_starter
from tests.factories.handoffs import SalesTeam, clock, urgent_handoff
from tests.flows.conftest import Enter

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.outside,
    pytest.mark.django_db(transaction=True),
]
SOON = timedelta(seconds=8)


@pytest.fixture
def handoff(sales_team: SalesTeam) -> Handoff:
    """Mia's; its hour to accept runs out `SOON`, at whatever hour of whatever day this runs."""
    started = timezone.now() - timedelta(hours=1) + SOON
    calendar = create_calendar(
        slug="always", name="Always", zone="Europe/Berlin", always_open=True, now=started, actor=None
    )
    sales_team.pool.calendar = calendar
    sales_team.pool.save()
    sales_team.only(sales_team.mia, now=started)
    version = active_starter(now=started - timedelta(minutes=1))
    handoff = urgent_handoff(version, started, first_name="Ada", last_name="King")
    sales_team.only(sales_team.mia, sales_team.omar, now=started)
    return handoff


def test_missed_clock_is_recorded_seen_and_given_to_another(
    page: Page, enter: Enter, worker: int, sales_team: SalesTeam, handoff: Handoff
) -> None:
    due_at = clock(handoff, "accept").due_at
    assert timezone.now() < due_at
    enter(sales_team.manager, "/board/?show=breached")
    expect(page.get_by_text("No handoff is in this list")).to_be_visible()

    expect(page.locator("[data-row]")).to_contain_text("Ada King", timeout=60_000)
    breach = Breach.objects.get()
    assert (breach.kind, breach.owner, breach.due_at) == ("accept", sales_team.mia, due_at)

    page.get_by_label("Choose Ada King").check()
    page.get_by_label("Give the chosen ones to").select_option(label="Omar · 0")
    page.get_by_role("button", name="Reassign").click()
    expect(page.get_by_text("1 handoff given to Omar.")).to_be_visible()
    expect(page.locator("#board-counts")).to_have_text("0 of 1 open handoffs are late or due soon")

    enter(sales_team.omar, "/queue/")
    expect(page.locator("[data-row].is-current")).to_contain_text("Ada King")
    enter(sales_team.mia, "/queue/")
    expect(page.get_by_text("Nothing to do")).to_be_visible()
