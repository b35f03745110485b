"""Every figure of the pages opens just what it counts."""

import csv
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import get_language, gettext, override

from agreements.models import Version
from leads.models import Lead
from nurture.models import Delivery, EndedWhy, Track
from nurture.services import end_enrolments, follow_offer, save_track, unsubscribe
from outbox.models import Message, MessageState
from tests.factories.handoffs import SalesTeam
from tests.factories.nurture import STEPS, enrol, running_track, sent, willing

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    """The pages read the clock, and look back from it."""
    return timezone.now() - 20 * DAY


@pytest.fixture
def rep(client: Client, sales_team: SalesTeam) -> Client:
    client.force_login(sales_team.mia)
    return client


@pytest.fixture
def track(starter: Version, now: datetime) -> Track:
    """Somebody for every figure, in numbers that differ, beside another track and what is long past."""
    track = running_track(starter, now=now)
    enrol(track, *(willing(starter) for _ in range(2)), now=now + 19 * DAY)
    enrol(track, *(willing(starter, email=None) for _ in range(3)), now=now)
    enrol(track, willing(starter, email_consent="unknown"), now=now)
    deliveries = [sent(track, willing(starter), now=now) for _ in range(9)]
    for delivery in deliveries[:3]:
        follow_offer(delivery_id=delivery.pk, now=now + 2 * DAY)
    unsubscribe(delivery_id=deliveries[8].pk, now=now + 2 * DAY)
    qualified = [delivery.enrolment.lead_id for delivery in deliveries[4:6]]
    end_enrolments(dict.fromkeys(qualified, EndedWhy.QUALIFIED), now=now + 2 * DAY)
    Message.objects.filter(pk=deliveries[7].message_id).update(state=MessageState.WITHHELD)
    _long_ago(track, starter, now)
    save_track(
        track_id=track.pk, name=track.name, lasts_days=40, steps=STEPS[:2], now=now + 3 * DAY, actor=None
    )
    other = running_track(starter, now=now, key="track-decision")
    unsubscribe(delivery_id=sent(other, willing(starter), now=now).pk, now=now + 2 * DAY)
    enrol(other, willing(starter, email=None), now=now)
    return track


def _long_ago(track: Track, version: Version, now: datetime) -> None:
    delivery = sent(track, willing(version), now=now - 200 * DAY)
    end_enrolments({delivery.enrolment.lead_id: EndedWhy.QUALIFIED}, now=now - 190 * DAY)


def counted(client: Client, address: str) -> int:
    """What the list says, having as many rows."""
    answer = client.get(address)
    page = answer.content.decode()
    assert page.count("<tr data-row") == answer.context["page"].paginator.count, address
    return int(answer.context["page"].paginator.count)


def test_every_figure_of_the_list_opens_what_it_counts(rep: Client, track: Track) -> None:
    page = rep.get("/nurture/")
    for line in page.context["lines"]:
        figures, at = line.figures, f"/nurture/{line.track.pk}/"
        by = f"?track={line.track.pk}"
        opened = {
            at: figures.inside,
            f"{at}?show=held": figures.unreachable,
            f"/nurture/behind/sent/{by}": figures.sent,
            f"/nurture/behind/followed/{by}": figures.clicked,
            f"/nurture/behind/qualified/{by}": figures.qualified,
            f"/nurture/behind/unsubscribed/{by}": figures.unsubscribed,
        }
        for address, count in opened.items():
            assert f'href="{address}"' in page.content.decode()
            assert counted(rep, address) == count, address
    sums = {
        "/nurture/behind/inside/": page.context["inside"],
        "/nurture/behind/held/": page.context["unreachable"],
    }
    for address, count in sums.items():
        assert f'href="{address}"' in page.content.decode()
        assert counted(rep, address) == count


def test_every_figure_of_a_track_opens_what_it_counts(rep: Client, track: Track) -> None:
    page = rep.get(f"/nurture/{track.pk}/")
    words, figures, by = page.content.decode(), page.context["figures"], f"?track={track.pk}"
    assert (figures.inside, figures.unreachable, figures.left) == (12, 4, 3)
    assert (figures.sent, figures.clicked, figures.qualified, figures.unsubscribed) == (8, 3, 2, 1)
    opened = {
        "?show=inside": figures.inside,
        "?show=held": figures.unreachable,
        "?show=left": figures.left,
        f"/nurture/behind/sent/{by}": figures.sent,
        f"/nurture/behind/followed/{by}": figures.clicked,
        f"/nurture/behind/qualified/{by}": figures.qualified,
    }
    for step in page.context["steps"]:
        opened[f"/nurture/behind/sent/{by}&step={step.step.pk}"] = step.sent
        opened[f"/nurture/behind/followed/{by}&step={step.step.pk}"] = step.clicked
    for revision in page.context["revisions"]:
        opened[f"/nurture/behind/inside/{by}&revision={revision.pk}"] = revision.inside
    for address, count in opened.items():
        assert f'href="{address}"'.replace("&", "&amp;") in words, address
        whole = address if address.startswith("/") else f"/nurture/{track.pk}/{address}"
        assert counted(rep, whole) == count, address
    assert [(step.sent, step.clicked) for step in page.context["steps"]] == [(8, 3), (0, 0)]


def test_home_opens_those_who_cannot_be_written_to(
    client: Client, sales_team: SalesTeam, track: Track
) -> None:
    client.force_login(sales_team.marketing)
    [need] = [need for need in client.get("/").context["needs"] if need.key == "unreachable"]
    assert (need.count, counted(client, need.url)) == (5, 5)


def test_the_list_is_paged_and_costs_the_same_for_many(
    rep: Client, starter: Version, track: Track, now: datetime, django_assert_max_num_queries: object
) -> None:
    enrol(track, *(willing(starter) for _ in range(60)), now=now + 19 * DAY)
    page = rep.get(f"/nurture/behind/inside/?track={track.pk}")
    assert (len(page.context["rows"]), page.context["page"].paginator.count) == (50, 72)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        rep.get(f"/nurture/behind/inside/?track={track.pk}&page=2")


def test_the_list_as_a_file_says_the_same(rep: Client, track: Track) -> None:
    followed = Delivery.objects.followed().filter(enrolment__track=track)
    Lead.objects.filter(enrolments__deliveries=followed[0]).update(first_name="=1+1", last_name="")
    answer = rep.get(f"/nurture/behind/followed/csv/?track={track.pk}")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))
    assert (len(rows), {row["what"] for row in rows}) == (
        3,
        {"offer followed · not sent: no mail server is set up"},
    )
    assert "'=1+1" in {row["lead"] for row in rows}


def test_the_file_is_in_the_language_of_whoever_asked_for_it(
    rep: Client, sales_team: SalesTeam, track: Track
) -> None:
    sales_team.mia.language = "ar"
    sales_team.mia.save(update_fields=["language"])
    answer = rep.get(f"/nurture/behind/followed/csv/?track={track.pk}")
    _head, *lines = answer.streaming_content  # type: ignore[attr-defined]
    assert len(lines) == 3
    with override("ar"):
        assert all(gettext("offer followed") in line.decode() for line in lines)
    assert "offer followed" not in b"".join(lines).decode()
    assert get_language() == "en"


@pytest.mark.parametrize(
    "address", ["nonsense/", "sent/?track=²", "sent/?track=99999", "sent/?step=x", "sent/csv/?revision=0"]
)
def test_what_is_not_there_is_not_found(address: str, rep: Client) -> None:
    assert rep.get(f"/nurture/behind/{address}").status_code == 404
