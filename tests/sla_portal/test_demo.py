"""The demo company, on a shorter calendar: it is the same every time, and keeps the laws."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import User
from agreements.models import Agreement, BusinessCalendar
from handoffs.models import Attempt, Breach, Deadline, Handoff
from kpis.models import TrafficDay
from launcher import prepare
from leads.models import Lead, StageChange
from nurture.models import Delivery, SuppressedWhy, Suppression
from outbox.models import Message
from sla_portal.demo import readers, story
from sla_portal.demo.cast import DOMAIN
from sla_portal.demo.mark import is_loaded
from sla_portal.demo.promise import promise
from sla_portal.settings import is_demo
from tests.factories.accounts import UserFactory
from tests.factories.leads import LeadFactory, first_entries_told

NOW = datetime(2026, 10, 9, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "DAYS", 16)
    monkeypatch.setattr(story, "VISITORS", 70)


class Undo(Exception):
    pass


def facts() -> dict[str, list[object]]:
    return {
        "leads": list(Lead.objects.order_by("email").values_list("email", "stage", "owner__email")),
        "stages": list(
            StageChange.objects.order_by("at", "lead__email", "to_stage").values_list(
                "at", "lead__email", "to_stage"
            )
        ),
        "handoffs": list(
            Handoff.objects.order_by("created_at", "lead__email").values_list(
                "lead__email", "state", "owner__email"
            )
        ),
        "attempts": list(Attempt.objects.order_by("at", "handoff__lead__email").values_list("at", "outcome")),
        "letters": list(
            Delivery.objects.order_by("queued_at", "address").values_list(
                "queued_at", "address", "clicked_at"
            )
        ),
        "visitors": list(TrafficDay.objects.values_list("day", "source", "visitors")),
        "breaches": list(Breach.objects.order_by("due_at", "kind").values_list("due_at", "kind")),
    }


def play_and_undo() -> dict[str, list[object]]:
    told: dict[str, list[object]] = {}
    with suppress(Undo), transaction.atomic():
        story.tell_story(now=NOW, progress=lambda share: None)
        told = facts()
        raise Undo
    return told


@pytest.mark.slow
@pytest.mark.django_db
def test_the_story_is_the_same_every_time() -> None:
    first = play_and_undo()
    assert len(first["leads"]) > 50
    assert len(first["handoffs"]) > 5
    assert first["attempts"]
    assert first["letters"]
    assert len(first["visitors"]) > 60
    assert play_and_undo() == first


@pytest.mark.slow
@pytest.mark.django_db
def test_the_story_ends_now_and_shows_how_far_it_is() -> None:
    shares: list[float] = []
    story.tell_story(now=NOW, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert not Attempt.objects.filter(at__gt=NOW).exists()
    assert not Deadline.objects.due(now=NOW).exists()
    assert first_entries_told()


def an_agreement() -> Agreement:
    return Agreement.objects.create(slug="europe", calendar=BusinessCalendar.objects.create(name="Europe"))


@pytest.mark.slow
@pytest.mark.django_db
def test_every_email_of_the_story_was_answered_as_its_readers_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "BOUNCES", 2)
    monkeypatch.setattr(readers, "HAVE_ENOUGH", (1, 3))
    story.tell_story(now=NOW, progress=lambda share: None)
    mails = Message.objects.mails()
    assert set(mails.values_list("state", flat=True)) == {"sent", "refused"}
    assert not mails.exclude(context={"made_up": True}).exists()
    assert not Delivery.objects.filter(sent_at=None, refused_at=None).exists()
    assert not Delivery.objects.followed().filter(sent_at=None).exists()
    whys = set(Suppression.objects.values_list("why", flat=True))
    assert whys == {SuppressedWhy.BOUNCED, SuppressedWhy.UNSUBSCRIBED}
    assert Suppression.objects.filter(why=SuppressedWhy.BOUNCED).count() == 1


@pytest.mark.parametrize(
    ("day", "share"),
    [
        (date(2026, 10, 1), 1),
        (date(2026, 11, 16), 46 / 92),
        (date(2026, 12, 31), 1 / 92),
        (date(2027, 1, 1), 1),
        (date(2028, 2, 15), 46 / 91),
    ],
)
def test_goals_are_of_the_rest_of_the_quarter(day: date, share: float) -> None:
    assert story.rest_of_quarter(day) == pytest.approx(share)
    goals = {clause["key"]: clause.get("target") for clause in promise(share=share)["goals"]}
    assert goals["goal-mqls"] == round(100 * share)


@pytest.mark.django_db
@pytest.mark.parametrize("in_use", [UserFactory, LeadFactory, an_agreement])
def test_load_demo_refuses_a_database_that_is_in_use(in_use: Callable[[], object]) -> None:
    assert prepare.look() == {"empty": True, "people": False, "logins": []}
    in_use()
    found = prepare.look()
    assert (found["empty"], found["people"]) == (False, User.objects.exists())
    with pytest.raises(CommandError, match="empty"):
        call_command("load_demo")
    assert not is_loaded()


@pytest.mark.django_db
def test_the_database_says_whether_it_is_a_demo_unless_the_user_does() -> None:
    assert not is_demo("auto")
    UserFactory(email=f"mia@{DOMAIN}")
    assert is_demo("auto")
    assert not is_demo("0")


def test_a_user_says_for_every_database_whether_it_is_a_demo() -> None:
    assert [bool(is_demo(said)) for said in ("1", "true", "0", "")] == [True, True, False, False]


def test_logins_name_one_person_per_role() -> None:
    roles = [role for role, _, _ in story.logins()]
    assert len(roles) == len(set(roles)) == 5
