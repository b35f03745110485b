"""What a track's page counts."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from agreements.models import Version
from nurture.models import Delivery, Track
from nurture.selectors.tracks import step_lines
from nurture.services import StepDraft, follow_offer, save_track, send_steps
from nurture.services.tracks import newest_revision
from outbox.models import Message, MessageState
from tests.factories.nurture import STEPS, enrol, running_track, sent, willing

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FIRST, SECOND, THIRD = STEPS


@pytest.fixture
def track(starter: Version, now: datetime) -> Track:
    return running_track(starter, now=now)


def write(track: Track, *steps: StepDraft, now: datetime) -> None:
    save_track(track_id=track.pk, name=track.name, lasts_days=60, steps=steps, now=now, actor=None)


def figures(track: Track, *, now: datetime) -> list[tuple[str, int, int]]:
    lines = step_lines(newest_revision(track), now=now)
    return [(line.step.subject, line.sent, line.clicked) for line in lines]


def test_step_figures_survive_an_edit_that_does_not_change_the_step(
    starter: Version, track: Track, now: datetime
) -> None:
    ada, ben = willing(starter), willing(starter)
    enrol(track, ada, ben, now=now)
    send_steps(now=now + DAY)
    write(track, THIRD, replace(FIRST, wait="2 days"), replace(SECOND, body="Other"), now=now + 2 * DAY)
    send_steps(now=now + 4 * DAY)
    first = Delivery.objects.get(enrolment__lead=ada, step__position=1)
    follow_offer(delivery_id=first.pk, now=now + 4 * DAY)
    assert figures(track, now=now + 4 * DAY) == [("Third", 0, 0), (FIRST.subject, 2, 1), ("Second", 0, 0)]


def test_step_figures_begin_anew_where_it_offers_something_else(
    starter: Version, track: Track, now: datetime
) -> None:
    sent(track, willing(starter), now=now)
    write(track, replace(FIRST, offer_name="Another guide"), SECOND, THIRD, now=now + DAY)
    assert figures(track, now=now + DAY)[0] == (FIRST.subject, 0, 0)


def test_step_figures_are_of_this_track_of_lately_and_of_what_went_out(
    starter: Version, track: Track, now: datetime
) -> None:
    other = running_track(starter, now=now, key="track-decision")
    sent(other, willing(starter), now=now)
    sent(track, willing(starter), now=now - 200 * DAY)
    withheld = sent(track, willing(starter), now=now)
    sent(track, willing(starter), now=now)
    Message.objects.filter(pk=withheld.message_id).update(state=MessageState.WITHHELD)
    assert figures(track, now=now + DAY)[0] == (FIRST.subject, 1, 0)


def test_step_lines_are_two_queries(track: Track, now: datetime, django_assert_num_queries: Any) -> None:
    revision = newest_revision(track)
    with django_assert_num_queries(2):
        assert len(step_lines(revision, now=now)) == 3
