"""From a document to a version in force, and to the next one."""

import copy
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction

from accounts.models import User
from accounts.roles import Side
from agreements.document import content_hash
from agreements.models import Agreement, BusinessCalendar, Goal, Signature, Version, clause_models
from agreements.services import (
    AlreadySigned,
    DocumentInvalid,
    NotADraft,
    NotASigner,
    NotProposed,
    OpenDraftExists,
    VersionRefused,
    activate_version,
    draft_from,
    load_agreement,
    propose_version,
    sign_version,
    withdraw_version,
)
from agreements.services.documents import STARTER
from agreements.signals import version_activated
from tests.factories.accounts import UserFactory
from tests.factories.agreements import active_starter, active_version, signers, starter_content

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(now):
    return load_agreement(source=STARTER, now=now, actor=None)


@pytest.fixture
def proposed(draft, now):
    return propose_version(version=draft, now=now, actor=None)


@pytest.fixture
def managers(now):
    return signers(now)


@pytest.fixture
def sent():
    """What `version_activated` told."""
    told = []

    def receive(sender, version_id, now, actor, **_):
        told.append((version_id, now, actor))

    version_activated.connect(receive)
    yield told
    version_activated.disconnect(receive)


def changed(**words):
    """The starter with another preamble, as a document of its own."""
    content = copy.deepcopy(starter_content())
    content["version"]["preamble"] = words.get("preamble", "Changed.")
    return content


# --- Loading


def test_load_drafts_a_version_of_a_new_default_agreement(draft, now):
    assert (draft.number, draft.state, draft.content_hash, draft.created_at) == (1, "draft", "", now)
    agreement = draft.agreement
    assert (agreement.slug, agreement.currency, agreement.is_default) == ("marketing-and-sales", "EUR", True)
    (revision,) = agreement.calendar.revisions.all()
    assert (revision.zone, revision.country, revision.region) == ("Europe/Berlin", "DE", "BE")
    assert sum(model._default_manager.filter(version=draft).count() for model in clause_models()) > 100


def test_load_of_the_same_document_changes_nothing(draft, managers, now):
    assert load_agreement(source=STARTER, now=now, actor=None) == draft
    active = activate_version(version=draft, signers=managers, now=now, actor=None)
    assert load_agreement(source=starter_content(), now=now, actor=None) == active
    assert Version.objects.count() == Agreement.objects.count() == BusinessCalendar.objects.count() == 1


def test_load_counts_the_period_from_today_in_the_calendar_s_zone(db):
    new_year_in_berlin = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    version = load_agreement(source=STARTER, now=new_year_in_berlin, actor=None)
    goal = Goal.objects.get(version=version, key="goal-revenue")
    assert (goal.starts_on, goal.ends_on) == (date(2027, 1, 1), date(2027, 3, 31))


def test_load_of_a_changed_document_drafts_the_next_version(starter, now):
    version = load_agreement(source=changed(), now=now, actor=None)
    assert (version.agreement, version.number, version.state) == (starter.agreement, 2, "draft")


def test_load_waits_for_the_open_draft(draft, now):
    with pytest.raises(OpenDraftExists, match="“Marketing and sales” has an open draft already"):
        load_agreement(source=changed(), now=now, actor=None)


def test_load_leaves_an_agreement_that_exists_as_it_is(starter, now):
    content = changed()
    content["agreement"] = {"slug": "marketing-and-sales", "name": "Other", "covers": [{"field": "source"}]}
    content["calendar"] = {"slug": "other"}
    version = load_agreement(source=content, now=now, actor=None)
    assert (version.agreement.name, version.agreement.covers) == ("Marketing and sales", [])
    assert not BusinessCalendar.objects.filter(slug="other").exists()


def test_load_refuses_another_currency_for_an_agreement_that_exists(starter, now):
    content = changed() | {"agreement": {"slug": "marketing-and-sales", "currency": "USD"}}
    with pytest.raises(DocumentInvalid, match="counts its money in EUR"):
        load_agreement(source=content, now=now, actor=None)


def test_second_agreement_is_not_the_default(starter, now):
    content = starter_content() | {"agreement": {"slug": "dach", "name": "DACH", "currency": "CHF"}}
    version = load_agreement(source=content, now=now, actor=None)
    assert not version.agreement.is_default
    assert version.agreement.calendar == starter.agreement.calendar
    content["agreement"] = {"slug": "uk", "name": "UK", "default": True}
    with pytest.raises(DocumentInvalid, match="another agreement is the default already"):
        load_agreement(source=content, now=now, actor=None)


# --- Proposing, signing, withdrawing


def test_propose_fixes_the_hash(draft, now):
    proposed = propose_version(version=draft, now=now, actor=None)
    assert (proposed.state, proposed.proposed_at) == ("proposed", now)
    assert proposed.content_hash == content_hash(draft)
    with pytest.raises(NotADraft):
        propose_version(version=proposed, now=now, actor=None)


def test_second_signature_puts_the_version_into_force(proposed, managers, now, sent):
    marketing, sales = managers
    sign_version(version=proposed, signer=marketing, now=now)
    proposed.refresh_from_db()
    assert (proposed.state, sent) == ("proposed", [])
    sign_version(version=proposed, signer=sales, now=now + timedelta(hours=1))
    proposed.refresh_from_db()
    assert (proposed.state, proposed.activated_at) == ("active", now + timedelta(hours=1))
    assert sent == [(proposed.pk, now + timedelta(hours=1), sales)]
    assert list(Signature.objects.values_list("side", "user", "content_hash")) == [
        (Side.MARKETING, marketing.pk, proposed.content_hash),
        (Side.SALES, sales.pk, proposed.content_hash),
    ]


def test_new_version_supersedes_the_one_in_force(starter, managers, now):
    later = now + timedelta(days=30)
    draft = draft_from(version=starter, now=later, actor=managers[0])
    active = activate_version(version=draft, signers=managers, now=later, actor=managers[0])
    starter.refresh_from_db()
    assert (starter.state, starter.ended_at) == ("superseded", later)
    assert (active.number, active.state, active.created_by) == (2, "active", managers[0])
    assert list(Version.objects.active()) == [active]


def test_side_signs_once(proposed, managers, now):
    sign_version(version=proposed, signer=managers[0], now=now)
    other = UserFactory(marketing_manager=True)
    with pytest.raises(AlreadySigned, match="Marketing has signed this version already"):
        sign_version(version=proposed, signer=other, now=now)


@pytest.mark.parametrize("trait", ["admin", "leadership", "rep"])
def test_only_managers_of_a_side_sign(proposed, now, trait):
    person = UserFactory(**{trait: True})
    with pytest.raises(NotASigner, match=f"{person.name} cannot sign"):
        sign_version(version=proposed, signer=person, now=now)


def test_who_may_not_log_in_does_not_sign(proposed, now):
    with pytest.raises(NotASigner):
        sign_version(version=proposed, signer=UserFactory(sales_manager=True, is_active=False), now=now)


def test_draft_is_not_signed(draft, managers, now):
    with pytest.raises(NotProposed):
        sign_version(version=draft, signer=managers[0], now=now)


def test_activate_by_one_side_changes_nothing(draft, managers, now, sent):
    with pytest.raises(NotASigner, match="when marketing and sales have both signed"):
        activate_version(version=draft, signers=managers[:1], now=now, actor=None)
    draft.refresh_from_db()
    assert (draft.state, Signature.objects.count(), sent) == ("draft", 0, [])


def test_withdrawn_proposal_makes_room_for_a_draft(starter, proposed_next, now):
    withdrawn = withdraw_version(version=proposed_next, now=now, actor=None)
    assert (withdrawn.state, withdrawn.ended_at) == ("withdrawn", now)
    assert draft_from(version=starter, now=now, actor=None).number == 3
    for version in (withdrawn, starter):
        with pytest.raises(VersionRefused):
            withdraw_version(version=version, now=now, actor=None)


@pytest.fixture
def proposed_next(starter, now):
    return propose_version(version=draft_from(version=starter, now=now, actor=None), now=now, actor=None)


def test_one_agreement_s_version_leaves_the_others_in_force(starter, now):
    content = starter_content() | {"agreement": {"slug": "dach", "name": "DACH", "currency": "CHF"}}
    other = active_version(content, now=now)
    starter.refresh_from_db()
    assert {starter.state, other.state} == {"active"}


# --- Two at once


@pytest.mark.outside
@pytest.mark.django_db(transaction=True)
def test_clause_written_while_the_version_is_proposed_is_hashed_or_refused(now):
    """A writer who began first is waited for; one who comes later finds the version closed."""
    draft = load_agreement(source=STARTER, now=now, actor=None)
    written, proposing, refusals = threading.Event(), threading.Event(), []

    def write():
        try:
            with transaction.atomic():
                Goal.objects.filter(version=draft, key="goal-mqls").update(target=999)
                written.set()
                assert proposing.wait(5)
                _wait_until_somebody_waits()
            try:
                Goal.objects.filter(version=draft, key="goal-mqls").update(target=1000)
            except DatabaseError as error:
                refusals.append(str(error))
        finally:
            connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(5)
    proposing.set()
    proposed = propose_version(version=draft, now=now, actor=None)
    writer.join(10)
    assert Goal.objects.get(version=draft, key="goal-mqls").target == 999
    assert proposed.content_hash == content_hash(proposed)
    assert "its clauses cannot change" in refusals[0]


def _wait_until_somebody_waits():
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        threading.Event().wait(0.01)
    raise AssertionError("Nobody waited for the writer.")


@pytest.mark.outside
@pytest.mark.django_db(transaction=True)
def test_two_sides_that_sign_at_once_put_the_version_into_force_once(now, sent):
    people = signers(now)
    draft = load_agreement(source=STARTER, now=now, actor=None)
    proposed = propose_version(version=draft, now=now, actor=None)
    start = threading.Barrier(2)

    def sign(person):
        try:
            start.wait(5)
            sign_version(version=proposed, signer=person, now=now)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sign, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    proposed.refresh_from_db()
    assert (proposed.state, proposed.signatures.count(), len(sent)) == ("active", 2, 1)


# --- The command


def test_command_loads_and_signs_the_starter(managers, capsys):
    marketing, sales = (person.email for person in managers)
    call_command("load_agreement", "starter", "--marketing", marketing, "--sales", sales.upper())
    assert capsys.readouterr().out == "Marketing and sales v1: active\n"
    call_command("load_agreement", "starter", "--marketing", marketing, "--sales", sales)
    assert capsys.readouterr().out == "Marketing and sales v1: active\n"


def test_command_leaves_a_draft_unsigned_without_signers(db, capsys):
    call_command("load_agreement", str(STARTER))
    assert capsys.readouterr().out == "Marketing and sales v1: draft\n"


def test_command_says_what_is_wrong(tmp_path, managers):
    broken = tmp_path / "broken.yaml"
    broken.write_text("agreement: {slug: a", "utf-8")
    for args, words in (
        ([str(broken)], "line 1"),
        ([str(tmp_path / "none.yaml")], "No such file"),
        (["starter", "--marketing", "nobody@example.com"], "Nobody logs in as nobody@example.com."),
        (["starter", "--marketing", managers[0].email], "have both signed"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("load_agreement", *args)
    assert not Agreement.objects.exists()


def test_factory_reuses_its_signers(now):
    active_starter(now=now)
    assert signers(now) == list(
        User.objects.filter(role__in=["marketing_manager", "sales_manager"]).order_by("email")
    )
