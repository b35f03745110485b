"""A returned lead comes back by a click, and a person who unsubscribes is left in peace."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from agreements.models import Version
from handoffs.models import Handoff
from leads.models import Activity, Consent, Lead
from nurture.models import Delivery, Enrolment, Track
from nurture.services import StepDraft, enrol_leads, send_steps
from nurture.services.enrolling import Entry
from outbox.models import Message
from tests.factories.agreements import active_starter
from tests.factories.handoffs import SalesTeam
from tests.factories.nurture import returned, running_track, willing
from tests.flows.conftest import Enter

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
DAY = timedelta(days=1)


@pytest.fixture
def address(live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the portal is: for the links in e-mails, also for those that the worker writes."""
    settings.PORTAL_URL = live_server.url
    monkeypatch.setenv("PORTAL_URL", live_server.url)
    return str(live_server.url)


@pytest.fixture
def long_ago() -> datetime:
    return timezone.now() - 95 * DAY


@pytest.fixture
def version(sales_team: SalesTeam, long_ago: datetime) -> Version:
    """In force for more than a quarter; Mia takes what comes."""
    version = active_starter(now=long_ago)
    sales_team.only(sales_team.mia, now=long_ago)
    return version


@pytest.fixture
def track(version: Version, address: str, long_ago: datetime) -> Track:
    """Its offer is a page that is there."""
    body = "Hello {{ first_name|there }},\n\n{{ offer }}"
    steps = [
        StepDraft(
            "2 days", "Three figures, {{ first_name|you }}", body, "The calculator", f"{address}/health/"
        ),
        StepDraft("5 days", "Once more", "The last one."),
    ]
    return running_track(version, now=long_ago, steps=steps, key="track-decision")


def link(mail: Message, page: str) -> str:
    """The link of a kind in an e-mail."""
    [found] = {line for line in mail.text.split() if f"/n/{page}/" in line}
    return found


def wait_for_mail(page: Page) -> Message:
    """What the worker queues; a sweep comes every ten seconds."""
    for _ in range(60):
        if mail := Message.objects.mails().filter(kind="nurture").first():
            return mail
        page.wait_for_timeout(500)
    raise AssertionError("the worker sent nothing")


def test_a_return_is_nurtured_and_a_click_brings_it_back_in_a_new_handoff(
    page: Page,
    enter: Enter,
    sales_team: SalesTeam,
    version: Version,
    track: Track,
    long_ago: datetime,
    worker: int,
) -> None:
    first = returned(
        version, now=long_ago, first_name="Ada", last_name="King", job_title="Chief Financial Officer"
    )
    enter(sales_team.mia, f"/leads/{first.lead_id}/")
    panel = page.locator("#nurture")
    expect(panel).to_contain_text("Decide for us")
    expect(panel).to_contain_text("Not now")

    mail = wait_for_mail(page)
    assert mail.subject == "Three figures, Ada"
    page.reload()
    expect(panel).to_contain_text("Three figures, Ada")

    page.context.clear_cookies()
    page.goto(link(mail, "o"))
    page.wait_for_url("**/health/")
    second = Handoff.objects.latest("pk")
    assert (second.pk != first.pk, second.lead_id, second.trigger_key) == (
        True,
        first.lead_id,
        "trigger-score",
    )
    enrolment = Enrolment.objects.get()
    assert (enrolment.handoff_id, enrolment.state, enrolment.ended_why) == (first.pk, "ended", "qualified")

    enter(sales_team.mia, "/queue/")
    expect(page.locator("[data-row].is-current")).to_contain_text("Ada King")
    enter(sales_team.marketing, "/nurture/")
    row = page.locator(f"#track-{track.pk}")
    expect(row.locator("td").nth(2)).to_have_text("0")
    expect(row.locator("td").nth(5)).to_have_text("1")
    expect(row.locator("td").nth(6)).to_have_text("1")


@pytest.fixture
def mail(version: Version, track: Track, long_ago: datetime) -> Message:
    """The first e-mail to Ada."""
    lead = willing(version, first_name="Ada", last_name="King", email="ada@bar.example")
    enrol_leads([Entry(lead.pk, track, "rule")], now=long_ago, actor=None)
    send_steps(now=long_ago + 2 * DAY)
    return Message.objects.mails().get(kind="nurture")


def test_one_click_unsubscribes_for_good_and_looking_does_not(
    page: Page, enter: Enter, sales_team: SalesTeam, mail: Message, track: Track
) -> None:
    stop = link(mail, "u")
    path = stop[stop.index("/n/") :]
    for _ in range(3):
        assert Client().get(path).status_code == Client().head(path).status_code == 200
    page.goto(stop)
    button = page.get_by_role("button", name="Unsubscribe")
    expect(button).to_be_visible()
    assert Lead.objects.get().email_consent == Consent.GIVEN
    assert "ada@bar.example" not in page.content()

    button.click()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    lead = Lead.objects.get()
    assert (lead.email_consent, Enrolment.objects.get().ended_why) == (Consent.WITHDRAWN, "unsubscribed")

    enter(sales_team.mia, f"/leads/{lead.pk}/")
    panel = page.locator("#nurture")
    expect(panel).to_contain_text("Must not be written to: Unsubscribed")
    expect(panel.get_by_role("button", name="Enrol…")).to_have_count(0)
    Lead.objects.update(email_consent=Consent.GIVEN)
    enrol_leads([Entry(lead.pk, track, "rule")], now=timezone.now(), actor=None)
    assert send_steps(now=timezone.now() + 30 * DAY) == 0
    assert Delivery.objects.count() == 1


def test_a_mail_program_unsubscribes_by_itself(mail: Message) -> None:
    path = mail.headers["List-Unsubscribe"].strip("<>")
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = client.post(path[path.index("/n/") :], {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert Lead.objects.get().email_consent == Consent.WITHDRAWN
    assert Activity.objects.filter(type="unsubscribe").count() == 1


def test_an_offer_without_scripts_needs_the_button(browser: Browser, mail: Message) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(link(mail, "o"))
    assert not Activity.objects.filter(type="offer_taken").exists(), "a fetch is no click"
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/health/")
    assert Activity.objects.filter(type="offer_taken").count() == 1
    context.close()


def test_a_rep_enrols_by_hand(
    page: Page, enter: Enter, sales_team: SalesTeam, version: Version, track: Track
) -> None:
    lead = willing(version, first_name="Ben", last_name="Ruiz", email_consent=Consent.UNKNOWN)
    enter(sales_team.mia, f"/leads/{lead.pk}/")
    page.keyboard.press("n")
    page.get_by_label("Decision: Decide for us").check()
    page.get_by_label("Note").fill("Decides in spring")
    page.get_by_role("button", name="Enrol", exact=True).click()
    panel = page.locator("#nurture")
    expect(panel).to_contain_text("Cannot be written to: no consent to e-mail")
    expect(panel).to_contain_text("by Mia")
    expect(page.locator("#content")).to_contain_text("Enrolled in “Decide for us”")


def test_a_template_with_an_unknown_variable_is_refused_and_kept(
    page: Page, enter: Enter, sales_team: SalesTeam, mail: Message, track: Track
) -> None:
    enter(sales_team.marketing, f"/nurture/{track.pk}/edit/")
    expect(page.get_by_text("1 person is in this track and finishes it as it was")).to_be_visible()
    text = page.get_by_label("Text").first
    text.fill("Hello {{ frist_name|there }}\n\n{{ offer }}")
    page.get_by_role("button", name="Save", exact=True).last.click()
    error = page.locator("#step-0 .field-error")
    expect(error).to_contain_text("there is no “frist_name”. You can use: first_name, last_name")
    expect(text).to_have_value("Hello {{ frist_name|there }}\n\n{{ offer }}")

    text.fill("Good day {{ first_name|there }}\n\n{{ offer }}")
    page.locator("#step-0").get_by_role("button", name="Preview").click()
    expect(page.get_by_label("Preview", exact=True).locator(".nurture-letter-text")).to_contain_text(
        "Good day Ada"
    )
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Saved as revision 3.")).to_be_visible()
    expect(page.locator("#content")).to_contain_text("1 person on it")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "/nurture/",
        "/nurture/{track}/",
        "/nurture/{track}/edit/",
        "/nurture/suppressed/",
        "/nurture/behind/sent/",
        "{stop}",
    ],
)
def test_pages_are_accessible(
    path: str, scheme: Any, page: Page, enter: Enter, sales_team: SalesTeam, mail: Message, track: Track
) -> None:
    page.emulate_media(color_scheme=scheme)
    stop = link(mail, "u")
    enter(sales_team.marketing, path.format(track=track.pk, stop=stop[stop.index("/n/") :]))
    page.wait_for_load_state("networkidle")
    found = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
