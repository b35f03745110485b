"""The database refuses what the services never do: every attempt here is raw SQL."""

from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from agreements.document import content_hash
from agreements.models import Goal, Signature, Version
from agreements.services import draft_from, load_agreement, propose_version, sign_version, withdraw_version
from tests.factories.agreements import active_starter, signers, starter_content

pytestmark = pytest.mark.django_db


def run(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


@contextmanager
def refused(words):
    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        yield


@pytest.fixture
def draft(starter, now):
    return draft_from(version=starter, now=now, actor=None)


@pytest.fixture
def proposed(draft, now):
    return propose_version(version=draft, now=now, actor=None)


@pytest.mark.parametrize(
    "table", ["agreements_goal", "scoring_scoringrule", "handoffs_cadencestep", "kpis_kpi"]
)
def test_clauses_in_force_cannot_change(starter, table):
    for sql in (
        f"UPDATE {table} SET words = 'other' WHERE version_id = %s",
        f"DELETE FROM {table} WHERE version_id = %s",
        f"INSERT INTO {table} SELECT * FROM {table} WHERE version_id = %s",
    ):
        with refused("its clauses cannot change"):
            run(sql, starter.pk)


def test_clause_cannot_move_into_or_out_of_a_version_in_force(starter, draft):
    with refused("its clauses cannot change"):
        run("UPDATE agreements_goal SET version_id = %s WHERE version_id = %s", starter.pk, draft.pk)
    with refused("its clauses cannot change"):
        run("UPDATE agreements_goal SET version_id = %s WHERE version_id = %s", draft.pk, starter.pk)


@pytest.mark.parametrize(
    "change",
    [
        "title = 'other'",
        "preamble = 'other'",
        "change_note = 'other'",
        "content_hash = repeat('0', 64)",
        "content_hash = ''",
        "number = 99",
        "activated_at = now()",
        "activated_at = NULL",
        "proposed_at = NULL",
    ],
)
def test_version_in_force_keeps_what_it_says(starter, change):
    with refused("what it says cannot change"):
        run(f"UPDATE agreements_version SET {change} WHERE id = %s", starter.pk)


@pytest.mark.parametrize("state", ["draft", "proposed", "withdrawn"])
def test_version_in_force_does_not_go_back(starter, state):
    with refused("does not become"):
        run("UPDATE agreements_version SET state = %s WHERE id = %s", state, starter.pk)


def test_superseded_version_does_not_come_back(starter, proposed, now):
    for person in signers(now):
        sign_version(version=proposed, signer=person, now=now)
    with refused("superseded does not become active"):
        run("UPDATE agreements_version SET state = 'active' WHERE id = %s", starter.pk)


def test_draft_does_not_come_into_force_unsigned(draft):
    with refused("draft does not become active"):
        run("UPDATE agreements_version SET state = 'active' WHERE id = %s", draft.pk)


def test_proposed_version_needs_both_signatures(starter, proposed, now):
    sign_version(version=proposed, signer=signers(now)[0], now=now)
    with refused("both sides have signed"):
        run("UPDATE agreements_version SET state = 'active' WHERE id = %s", proposed.pk)


def test_proposed_version_does_not_become_a_draft_again(proposed):
    with refused("proposed does not become draft"):
        run("UPDATE agreements_version SET state = 'draft', content_hash = '' WHERE id = %s", proposed.pk)


@pytest.mark.parametrize("hashed", ["", "short"])
def test_version_is_not_proposed_without_a_hash(draft, hashed):
    with refused("has a hash from the moment it is proposed"):
        run(
            "UPDATE agreements_version SET state = 'proposed', content_hash = %s WHERE id = %s",
            hashed,
            draft.pk,
        )


def test_version_begins_as_a_draft(starter):
    columns = "agreement_id, number, state, title, preamble, change_note, content_hash, created_at"
    with refused("begins as a draft"):
        run(
            f"INSERT INTO agreements_version ({columns}) SELECT agreement_id, 7, 'active', title, '', '', "
            "content_hash, created_at FROM agreements_version WHERE id = %s",
            starter.pk,
        )


def test_only_a_draft_can_be_deleted(starter, draft):
    with refused("cannot be deleted"):
        run("DELETE FROM agreements_version WHERE id = %s", starter.pk)
    draft.delete()
    assert list(Version.objects.all()) == [starter]
    assert not Goal.objects.exclude(version=starter).exists()


def test_withdrawn_version_stays_withdrawn(draft, now):
    withdraw_version(version=draft, now=now, actor=None)
    with refused("withdrawn does not become proposed"):
        run("UPDATE agreements_version SET state = 'proposed' WHERE id = %s", draft.pk)


def test_signature_repeats_the_hash_of_a_proposed_version(starter, proposed, now):
    person = signers(now)[0]
    columns = {"side": "sales", "user": person, "signed_at": now}
    with refused("under the content of a proposed version"):
        Signature.objects.create(version=proposed, content_hash="0" * 64, **columns)
    Signature.objects.create(version=proposed, content_hash=proposed.content_hash, **columns)


def test_signature_comes_before_force_and_stays(starter, now):
    with refused("under the content of a proposed version"):
        run(
            "INSERT INTO agreements_signature (version_id, side, user_id, content_hash, signed_at) "
            "SELECT version_id, 'other', user_id, content_hash, signed_at FROM agreements_signature"
        )
    for sql in ("UPDATE agreements_signature SET content_hash = 'x'", "DELETE FROM agreements_signature"):
        with refused("Cannot (update|delete)"):
            run(sql)


def test_currency_is_free_until_amounts_are_proposed(db, now):
    draft = load_agreement(source=starter_content(), now=now, actor=None)
    run("UPDATE agreements_agreement SET currency = 'USD' WHERE id = %s", draft.agreement_id)
    propose_version(version=draft, now=now, actor=None)
    with refused("the currency cannot change"):
        run("UPDATE agreements_agreement SET currency = 'EUR' WHERE id = %s", draft.agreement_id)


def test_person_who_drafted_may_be_removed(db, now):
    """Who signed stays on record; a draft's author is no part of what is signed."""
    person = signers(now)[0]
    draft = load_agreement(source=starter_content(), now=now, actor=person)
    proposed = propose_version(version=draft, now=now, actor=person)
    run("UPDATE agreements_version SET created_by_id = NULL WHERE id = %s", proposed.pk)
    proposed.refresh_from_db()
    assert proposed.content_hash == content_hash(proposed)


def test_starter_is_covered_by_its_hash(now):
    version = active_starter(now=now)
    assert version.content_hash == content_hash(version)
