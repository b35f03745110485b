"""The pages: what they show, what they refuse, and that nothing typed is lost."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from agreements.models import Version
from agreements.spans import Span
from leads.models import Activity, Consent
from nurture.models import Delivery, Enrolment, Suppression, Track, TrackRevision
from nurture.selectors.wording import readable, said_span
from nurture.services import TrackInvalid, TrackProblem, pause_track, save_track, send_steps, suppress_by_hand
from nurture.services import starter as starter_service
from nurture.services.letters import OFFER, UNSUBSCRIBE, token
from nurture.templatetags.nurture import letter_words
from outbox.models import Message
from tests.factories.handoffs import SalesTeam
from tests.factories.nurture import STEPS, enrol, returned, running_track, sent, south_of, willing

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def track(starter: Version, now: datetime) -> Track:
    return running_track(starter, now=now)


@pytest.fixture
def marketing(client: Client, sales_team: SalesTeam) -> Client:
    client.force_login(sales_team.marketing)
    return client


@pytest.fixture
def rep(sales_team: SalesTeam) -> Client:
    client = Client()
    client.force_login(sales_team.mia)
    return client


def form_of(track: Track, base: int = 2, steps: Any = STEPS, **changes: str) -> dict[str, str]:
    """What the page of a track sends."""
    data = {"base": str(base), "name": track.name, "lasts_days": "30", "note": "", "steps": str(len(steps))}
    for number, step in enumerate(steps):
        data |= {f"step-{number}-{name}": value for name, value in vars(step).items()}
    return data | changes


# --- Reading ------------------------------------------------------------------------------------------------


def test_home_without_an_agreement_says_what_comes(marketing: Client, sales_team: SalesTeam) -> None:
    assert "No tracks yet" in marketing.get("/nurture/").content.decode()


def test_home_warns_of_what_the_agreement_promises_and_starts_it(marketing: Client, starter: Version) -> None:
    page = marketing.get("/nurture/").content.decode()
    assert "The agreement promises more than runs" in page
    assert page.count("its offers still lead to example.com") == 3
    for site in ("our site", "https://[bar"):
        refused = marketing.post("/nurture/starter/", {"site": site})
        assert (refused.status_code, "is no address of a page" in refused.content.decode()) == (422, True)
    answer = marketing.post("/nurture/starter/", {"site": "https://www.bar.example"}, follow=True)
    page = answer.content.decode()
    assert ("promises more" in page, "Tracks started: 3." in page) == (False, True)


def test_starting_for_a_website_is_one_act_for_all_agreements(
    marketing: Client, starter: Version, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    south = south_of(starter, now=now)
    whole = starter_service.save_track
    asked: list[int] = []

    def refuse_the_second(*, track_id: int, **given: Any) -> TrackRevision:
        agreement_id = Track.objects.get(pk=track_id).agreement_id
        asked.append(agreement_id)
        if agreement_id == south.agreement_id:
            raise TrackInvalid([TrackProblem(0, "site", "Not for this one.")])
        return whole(track_id=track_id, **given)

    monkeypatch.setattr(starter_service, "save_track", refuse_the_second)
    answer = marketing.post("/nurture/starter/", {"site": "https://www.bar.example"})
    assert (answer.status_code, "Not for this one." in answer.content.decode()) == (422, True)
    assert asked == [starter.agreement_id] * 3 + [south.agreement_id]
    assert not Track.objects.filter(is_active=True).exists()
    monkeypatch.undo()
    marketing.post("/nurture/starter/", {"site": "https://www.bar.example"})
    assert Track.objects.filter(is_active=True).count() == 6


def test_home_counts_what_they_did(
    marketing: Client, starter: Version, track: Track, sales_team: SalesTeam, now: datetime
) -> None:
    enrol(track, *(willing(starter) for _ in range(2)), willing(starter, email=None), now=now)
    send_steps(now=now + DAY)
    follow = token(Delivery.objects.order_by("pk")[0].enrolment_id, 1, OFFER)
    Client().post(f"/n/o/{follow}/")
    stop = token(Delivery.objects.order_by("pk")[1].enrolment_id, 1, UNSUBSCRIBE)
    Client().post(f"/n/u/{stop}/")
    line = next(each for each in marketing.get("/nurture/").context["lines"] if each.track == track)
    figures = line.figures
    assert (figures.inside, figures.unreachable, figures.unsubscribed) == (2, 1, 1)


def test_home_costs_the_same_for_one_and_for_many(
    marketing: Client, starter: Version, track: Track, now: datetime
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            marketing.get("/nurture/")
        return len(captured)

    marketing.get("/nurture/")
    before = queries()
    enrol(track, *(willing(starter) for _ in range(20)), now=now)
    send_steps(now=now + DAY)
    assert queries() == before


@pytest.mark.parametrize("show", ["inside", "held", "left", "nonsense"])
def test_track_costs_the_same_for_one_and_for_many(
    show: str, marketing: Client, starter: Version, track: Track, now: datetime
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert marketing.get(f"/nurture/{track.pk}/?show={show}").status_code == 200
        return len(captured)

    enrol(track, willing(starter), willing(starter, email=None), now=now)
    queries()
    before = queries()
    enrol(
        track,
        *(willing(starter) for _ in range(9)),
        *(willing(starter, email=None) for _ in range(9)),
        now=now,
    )
    assert queries() == before


def test_track_says_who_cannot_be_written_to(
    rep: Client, starter: Version, track: Track, now: datetime
) -> None:
    enrol(track, willing(starter, email=None, first_name="Ben", last_name="Ruiz"), now=now)
    page = rep.get(f"/nurture/{track.pk}/?show=held").content.decode()
    assert "Ben Ruiz" in page
    assert "Cannot be written to: no e-mail address" in page


def test_tracks_of_one_name_say_of_which_agreement_they_are(
    marketing: Client, starter: Version, track: Track, now: datetime
) -> None:
    def said() -> list[bool]:
        pages = [
            marketing.get(address).content.decode() for address in ("/nurture/", f"/nurture/{track.pk}/")
        ]
        return ["<bdi>Marketing and sales</bdi>" in page for page in pages]

    assert said() == [False, False]
    south_of(starter, now=now)
    assert said() == [True, True]
    assert "<bdi>South</bdi>" in marketing.get("/nurture/").content.decode()


def test_a_track_that_waits_for_its_start_offers_that_first(
    marketing: Client, starter: Version, track: Track, now: datetime
) -> None:
    def primary(found: Track) -> list[str]:
        page = marketing.get(f"/nurture/{found.pk}/").content.decode()
        return re.findall(r'class="btn btn-primary".*?</svg>(\w+)', page)

    assert primary(Track.objects.get(key="track-awareness")) == ["Start"]
    assert primary(track) == ["Change"]
    pause_track(track_id=track.pk, now=now, actor=None)
    assert primary(track) == ["Change"]


def test_a_label_in_another_language_does_not_turn_the_subject(track: Track) -> None:
    with override("ar"):
        assert readable("{{ first_name|Hello }}, where?") == "\u2068[الاسم الأول]\u2069, where?"
        assert letter_words("{{ first_name|Hello }}, where?") == (
            '<bdi class="nurture-blank" title="أو «Hello»">الاسم الأول</bdi>, where?'
        )


def test_waits_are_said_in_the_reader_s_language(marketing: Client, track: Track) -> None:
    with override("ar"):
        assert said_span(Span.parse("6 days")) == "6 أيام"
    assert said_span(Span.parse("1 business day")) == "1 business day"
    assert ">3 days</span>" in marketing.get(f"/nurture/{track.pk}/").content.decode()


def test_unknown_track_is_not_found(marketing: Client, starter: Version) -> None:
    assert marketing.get("/nurture/99999/").status_code == 404


def test_preview_shows_a_step_as_a_lead_gets_it(
    rep: Client, starter: Version, track: Track, now: datetime
) -> None:
    ada, ben = willing(starter, first_name="Ada"), willing(starter, first_name="Ben")
    enrol(track, ada, ben, now=now)
    page = rep.get(f"/nurture/{track.pk}/preview/1/?lead={ada.pk}").content.decode()
    assert "Hello Ada" in page
    assert "https://www.bar.example/guide" in page, "the links of a preview are nobody's"
    assert rep.get(f"/nurture/{track.pk}/preview/9/").status_code == 404


@pytest.mark.parametrize("number", ["²", "٣", "-1", "9" * 19, "9" * 5000])
def test_what_is_no_number_shows_a_lead_of_the_track_and_belongs_to_no_email(
    number: str, marketing: Client, starter: Version, track: Track, now: datetime
) -> None:
    enrol(track, willing(starter, first_name="Ada"), now=now)
    page = marketing.get(f"/nurture/{track.pk}/preview/1/", {"lead": number})
    assert "Hello Ada" in page.content.decode()
    edit = f"/nurture/{track.pk}/edit/"
    for button in ("preview", "remove", "up"):
        assert marketing.post(edit, form_of(track, **{button: number})).status_code == 404
    answer = marketing.post(edit, form_of(track, add="1") | {"steps": number})
    assert [step["subject"].value() for step in answer.context["writing"].steps] == [""]


# --- Writing ------------------------------------------------------------------------------------------------


def test_edit_tells_before_saving_who_finishes_as_it_was(
    marketing: Client, starter: Version, track: Track, now: datetime
) -> None:
    enrol(track, willing(starter), now=now)
    page = marketing.get(f"/nurture/{track.pk}/edit/").content.decode()
    assert "1 person is in this track and finishes it as it was" in page


def test_edit_refuses_beside_the_field_and_keeps_what_was_typed(marketing: Client, track: Track) -> None:
    bad = {"step-0-body": "Hi {{ nmae|x }}", "step-1-subject": "", "lasts_days": "soon"}
    bad["step-2-offer_url"] = "https://[bar"
    answer = marketing.post(f"/nurture/{track.pk}/edit/", form_of(track, save="1", **bad))
    writing = answer.context["writing"]
    assert answer.status_code == 422
    assert (
        writing.steps[0].errors["body"][0].startswith("Line 1: there is no “nmae”. You can use: first_name")
    )
    assert "subject" in writing.steps[1].errors
    assert "offer_url" in writing.steps[2].errors
    assert "lasts_days" in writing.track.errors
    assert "Hi {{ nmae|x }}" in answer.content.decode()
    assert TrackRevision.objects.filter(track=track).count() == 2


def test_edit_saves_a_revision(marketing: Client, track: Track, sales_team: SalesTeam) -> None:
    data = form_of(track, save="1", note="Shorter", **{"step-0-subject": "New"})
    assert marketing.post(f"/nurture/{track.pk}/edit/", data).status_code == 302
    newest = TrackRevision.objects.filter(track=track).latest("number")
    assert (newest.number, newest.note, newest.created_by) == (3, "Shorter", sales_team.marketing)


def test_edit_of_what_somebody_saved_meanwhile_is_refused_once(marketing: Client, track: Track) -> None:
    data = form_of(track, base=1, save="1", **{"step-0-subject": "Mine"})
    answer = marketing.post(f"/nurture/{track.pk}/edit/", data)
    page = answer.content.decode()
    assert (answer.status_code, "saved revision 2 meanwhile" in page, "Mine" in page) == (422, True, True)
    assert 'name="base" value="2"' in page


@pytest.mark.parametrize("mine", ["Mine", "As it was"])
def test_a_name_that_somebody_changed_meanwhile_is_not_overwritten_unseen(
    mine: str, marketing: Client, track: Track
) -> None:
    Track.objects.filter(pk=track.pk).update(name="Theirs")
    data = form_of(track, save="1", named="As it was", name=mine)
    page = marketing.post(f"/nurture/{track.pk}/edit/", data)
    assert (page.status_code, "Somebody named it “Theirs” meanwhile" in page.content.decode()) == (422, True)
    assert (Track.objects.get(pk=track.pk).name, 'name="named" value="Theirs"' in page.content.decode()) == (
        "Theirs",
        True,
    )
    assert marketing.post(f"/nurture/{track.pk}/edit/", data | {"named": "Theirs"}).status_code == 302
    assert Track.objects.get(pk=track.pk).name == mine


def test_a_name_that_both_changed_alike_is_saved(marketing: Client, track: Track) -> None:
    Track.objects.filter(pk=track.pk).update(name="Ours")
    data = form_of(track, save="1", named="As it was", name="Ours")
    assert marketing.post(f"/nurture/{track.pk}/edit/", data).status_code == 302


@pytest.mark.parametrize(
    ("button", "subjects"),
    [
        ({"add": "1"}, ["Hello {{ first_name|there }}", "Second", "Third", ""]),
        ({"remove": "1"}, ["Hello {{ first_name|there }}", "Third"]),
        ({"up": "1"}, ["Second", "Hello {{ first_name|there }}", "Third"]),
    ],
)
def test_edit_adds_removes_and_moves_without_saving(
    button: dict[str, str], subjects: list[str], marketing: Client, track: Track
) -> None:
    answer = marketing.post(f"/nurture/{track.pk}/edit/", form_of(track, **button))
    assert [step["subject"].value() for step in answer.context["writing"].steps] == subjects
    assert TrackRevision.objects.filter(track=track).count() == 2


def test_edit_previews_what_is_typed_or_says_why_not(
    marketing: Client, starter: Version, track: Track, now: datetime
) -> None:
    enrol(track, willing(starter, first_name="Ada"), now=now)
    typed = {"preview": "0", "step-0-subject": "Dear {{ first_name|you }}"}
    assert (
        "Dear Ada" in marketing.post(f"/nurture/{track.pk}/edit/", form_of(track, **typed)).content.decode()
    )
    broken = {"preview": "0", "step-0-subject": "Dear {{ you }}"}
    page = marketing.post(f"/nurture/{track.pk}/edit/", form_of(track, **broken)).content.decode()
    assert "there is no “you”" in page
    assert marketing.post(f"/nurture/{track.pk}/edit/", form_of(track, preview="9")).status_code == 404


def test_start_and_pause(marketing: Client, starter: Version, track: Track, now: datetime) -> None:
    marketing.post(f"/nurture/{track.pk}/pause/")
    assert not Track.objects.get(pk=track.pk).is_active
    marketing.post(f"/nurture/{track.pk}/start/")
    assert Track.objects.get(pk=track.pk).is_active
    other = Track.objects.get(key="track-awareness")
    answer = marketing.post(f"/nurture/{other.pk}/start/", follow=True)
    assert "still lead to example.com" in answer.content.decode()


def test_suppressed_list_adds_finds_and_lifts(marketing: Client, starter: Version) -> None:
    assert "Everybody may be written to" in marketing.get("/nurture/suppressed/").content.decode()
    assert marketing.post("/nurture/suppressed/", {"address": "no"}).status_code == 422
    marketing.post("/nurture/suppressed/", {"address": "Ada@bar.example", "note": "By phone"})
    assert "By phone" in marketing.get("/nurture/suppressed/?q=ada").content.decode()
    assert "No such address" in marketing.get("/nurture/suppressed/?q=ben").content.decode()
    found = Suppression.objects.get()
    assert marketing.post(f"/nurture/suppressed/{found.pk}/lift/", {"why": ""}).status_code == 422
    marketing.post(f"/nurture/suppressed/{found.pk}/lift/", {"why": "Wrote to us"})
    assert not Suppression.objects.in_force().exists()


# --- On a lead's page ---------------------------------------------------------------------------------------


def test_lead_shows_its_track_why_and_what_was_sent(
    rep: Client, starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    handoff = returned(starter, now=now, reason="return-no-budget")
    send_steps(now=now + DAY)
    page = rep.get(f"/leads/{handoff.lead_id}/").content.decode()
    for words in ("Compare the ways to solve it", "No budget", "Hello Ada", "Enrolled in", "2 of 3"):
        assert words in page


def test_no_place_to_fill_is_shown_as_it_is_written(
    rep: Client, starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    lead = willing(starter, first_name="Ada")
    enrol(track, lead, now=now)
    waiting = rep.get(f"/leads/{lead.pk}/").content.decode()
    assert ("{{" in waiting, "Hello Ada" in waiting) == (False, True)
    for address in (f"/nurture/{track.pk}/", f"/nurture/{track.pk}/preview/1/"):
        page = rep.get(address).content.decode()
        assert ("{{" in page, "first name" in page) == (False, True), address
    assert 'title="or “there”"' in rep.get(f"/nurture/{track.pk}/").content.decode()


def test_a_rep_reads_what_was_sent_and_cannot_act_as_its_reader(
    rep: Client, starter: Version, track: Track, now: datetime
) -> None:
    lead = willing(starter, first_name="Ada")
    delivery = sent(track, lead, now=now)
    address = f"/nurture/letters/{delivery.pk}/"
    assert f'href="{address}"' in rep.get(f"/leads/{lead.pk}/").content.decode()
    page = rep.get(address).content.decode()
    assert "Hello Ada" in page
    assert "First.\n\nThe guide: https://www.bar.example/guide\n" in page
    assert "Unsubscribe:\n[link to unsubscribe]" in page
    assert "/n/o/" not in page
    assert "/n/u/" not in page


def test_an_email_whose_text_is_gone_shows_what_the_track_says(
    rep: Client, starter: Version, track: Track, now: datetime
) -> None:
    delivery = sent(track, willing(starter, first_name="Ada"), now=now)
    Message.objects.filter(pk=delivery.message_id).update(text="", html="", emptied_at=now)
    page = rep.get(f"/nurture/letters/{delivery.pk}/").content.decode()
    assert ("Hello Ada" in page, "is removed after 90 days" in page) == (True, True)
    assert ("First." in page, "link to the offer" in page) == (True, True)


def test_an_older_revision_can_be_read(rep: Client, starter: Version, track: Track, now: datetime) -> None:
    enrol(track, willing(starter, first_name="Ada"), now=now)
    newer = [replace(STEPS[0], subject="Now", body="Other words")]
    save_track(track_id=track.pk, name=track.name, lasts_days=30, steps=newer, now=now, actor=None)
    page = rep.get(f"/nurture/{track.pk}/").content.decode()
    assert 'href="?revision=2#steps-title"' in page
    older = rep.get(f"/nurture/{track.pk}/?revision=2").content.decode()
    address = f"/nurture/{track.pk}/preview/2/?revision=2"
    assert ("no longer the newest" in older, f'href="{address}"' in older) == (True, True)
    assert "No offer in here" in rep.get(address).content.decode()
    for number in ("9", "²", "9" * 17):
        assert rep.get(f"/nurture/{track.pk}/?revision={number}").status_code == 404


def test_home_leads_whoever_may_not_see_settings_to_what_would_have_gone_out(
    marketing: Client, starter: Version, track: Track, now: datetime
) -> None:
    delivery = sent(track, willing(starter), now=timezone.now() - 2 * DAY)
    page = marketing.get("/nurture/").content.decode()
    assert "Settings, Messages" not in page
    assert '<a href="/nurture/behind/sent/">Read what would have gone out</a>' in page
    listed = marketing.get("/nurture/behind/sent/").content.decode()
    assert f'href="/nurture/letters/{delivery.pk}/"' in listed
    assert marketing.get(f"/nurture/letters/{delivery.pk}/").status_code == 200


def test_enrol_asks_does_and_refuses(
    rep: Client, starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    lead = willing(starter)
    address = reverse("nurture:enrol", args=[lead.pk])
    assert "Compare the ways to solve it" in rep.get(address).content.decode()
    assert rep.post(address, {"track": "nowhere"}).status_code == 422
    assert rep.post(address, {"track": track.key, "note": "Why"}).status_code == 302
    assert Enrolment.objects.get().enrolled_by == sales_team.mia
    again = rep.post(address, {"track": track.key})
    assert (again.status_code, "already" in again.content.decode()) == (422, True)
    assert rep.post(reverse("nurture:leave", args=[Enrolment.objects.get().pk])).status_code == 302
    assert Enrolment.objects.get().ended_why == "by_hand"
    suppress_by_hand(address=str(lead.email), now=now, actor=sales_team.marketing)
    assert "must not be written to" in rep.post(address, {"track": track.key}).content.decode()


def test_paused_is_said_on_the_lead_s_page(
    rep: Client, starter: Version, track: Track, now: datetime
) -> None:
    lead = willing(starter)
    enrol(track, lead, now=now)
    pause_track(track_id=track.pk, now=now, actor=None)
    assert "The track does not run" in rep.get(f"/leads/{lead.pk}/").content.decode()


# --- The links of e-mails -----------------------------------------------------------------------------------


@pytest.fixture
def delivery(starter: Version, track: Track, now: datetime) -> Delivery:
    return sent(track, willing(starter, email="ada@bar.example"), now=now)


def test_unsubscribe_by_get_changes_nothing_and_by_post_needs_nothing(delivery: Delivery) -> None:
    client = Client(enforce_csrf_checks=True)
    address = f"/n/u/{token(delivery.enrolment_id, 1, UNSUBSCRIBE)}/"
    page = client.get(address)
    assert (page.status_code, page["X-Robots-Tag"], page["Referrer-Policy"]) == (
        200,
        "noindex, nofollow",
        "no-referrer",
    )
    assert "no-store" in page["Cache-Control"]
    assert "ada@" not in page.content.decode()
    assert not Suppression.objects.exists()
    for _ in range(2):
        assert (
            "You are unsubscribed" in client.post(address, {"List-Unsubscribe": "One-Click"}).content.decode()
        )
    assert Suppression.objects.get().address == "ada@bar.example"
    assert not client.cookies


def test_offer_leads_only_where_the_step_says(delivery: Delivery) -> None:
    client = Client(enforce_csrf_checks=True)
    address = f"/n/o/{token(delivery.enrolment_id, 1, OFFER)}/?next=https://evil.example"
    page = client.get(address)
    assert "form-action 'self' https: http:" in page["Content-Security-Policy"]
    assert not Activity.objects.exists()
    answer = client.post(address, {"next": "https://evil.example"})
    assert (answer.status_code, answer["Location"]) == (302, "https://www.bar.example/guide")
    assert Activity.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_not_ours_says_so(method: str, delivery: Delivery) -> None:
    cut = token(delivery.enrolment_id, 1, UNSUBSCRIBE)[:-3]
    for address in (f"/n/u/{cut}/", "/n/o/1-1.x/", f"/n/o/{token(delivery.enrolment_id, 2, OFFER)}/"):
        answer = getattr(Client(), method)(address)
        assert (answer.status_code, "This link is not complete" in answer.content.decode()) == (404, True)
    assert delivery.enrolment.lead.email_consent == Consent.GIVEN
