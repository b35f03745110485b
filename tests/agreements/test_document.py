"""Clone, diff, export, import and hash, over every kind of clause there is."""

import copy
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from agreements.diff import FieldChange, compare
from agreements.document import (
    clauses_of,
    content_hash,
    export_clause,
    export_version,
    hash_of,
    read_document,
    values_of,
)
from agreements.models import Clause, Goal, Version, clause_models
from agreements.reading import read_content
from agreements.services import draft_from, import_document, load_agreement
from handoffs.models import ResponsePolicy, ReturnReason
from scoring.models import ScoringRule
from tests.factories.agreements import starter_content

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def draft(starter, now):
    return draft_from(version=starter, now=now, actor=None)


def test_every_kind_of_clause_of_every_app_is_part_of_the_document(starter):
    kinds = {model for model in apps.get_models() if issubclass(model, Clause)}
    assert set(clause_models()) == kinds
    assert {type(clause) for clause in clauses_of(starter)} == kinds


def test_clauses_are_numbered_without_gaps_across_kinds(starter):
    numbers = [(int(clause.component), clause.position) for clause in clauses_of(starter)]
    assert numbers == sorted(numbers)
    for component in range(1, 8):
        positions = [position for chapter, position in numbers if chapter == component]
        assert positions == list(range(1, len(positions) + 1))


def test_document_is_read_in_one_query_for_each_kind(starter, django_assert_num_queries):
    version = Version.objects.select_related("agreement").get(pk=starter.pk)
    with django_assert_num_queries(len(clause_models())):
        document = read_document(version)
        assert len([document.text(clause) for clause in document.clauses]) > 100


def test_clone_says_the_same_under_other_rows(starter, draft):
    assert (draft.number, draft.state, draft.content_hash) == (2, "draft", "")
    assert content_hash(draft) == starter.content_hash
    assert not compare(read_document(starter), read_document(draft))
    assert not {(type(c), c.pk) for c in clauses_of(starter)} & {(type(c), c.pk) for c in clauses_of(draft)}


def test_diff_tells_what_was_added_removed_changed_and_moved(starter, draft):
    ResponsePolicy.objects.filter(version=draft, key="response-standard").update(
        first_attempt_within="4 business hours", words="Shorter."
    )
    Goal.objects.filter(version=draft, key="goal-win-rate").delete()
    Goal.objects.filter(version=draft, key="goal-mqls").update(position=3)
    ScoringRule.objects.create(
        version=draft, key="fit-fax", position=99, title="Fax", dimension="fit", points=1, conditions=[]
    )
    Version.objects.filter(pk=draft.pk).update(title="Another title")
    draft.refresh_from_db()
    diff = compare(read_document(starter), read_document(draft))
    assert diff.about == (FieldChange("title", starter.title, "Another title"),)
    assert [clause.key for clause in diff.added] == ["fit-fax"]
    assert [clause.key for clause in diff.removed] == ["goal-win-rate"]
    moved, changed = diff.changed
    assert (moved.after.key, moved.moved, moved.fields) == ("goal-mqls", True, ())
    assert (moved.before.reference, moved.after.reference) == ("1.2", "1.3")
    assert [field.field for field in changed.fields] == ["words", "first_attempt_within"]
    assert changed.fields[1] == FieldChange("first_attempt_within", "1 business day", "4 business hours")


def test_diff_takes_a_key_of_another_kind_for_another_clause(starter, draft):
    Goal.objects.filter(version=draft, key="goal-mqls").delete()
    ScoringRule.objects.create(
        version=draft, key="goal-mqls", position=99, title="X", dimension="fit", points=1, conditions=[]
    )
    diff = compare(read_document(starter), read_document(draft))
    assert ([type(c) for c in diff.removed], [type(c) for c in diff.added]) == ([Goal], [ScoringRule])


@pytest.mark.parametrize("field", ["title", "words", "key", "position"])
def test_hash_covers_every_field_of_a_clause(starter, draft, field):
    Goal.objects.filter(version=draft, key="goal-mqls").update(**{field: 77})
    assert content_hash(draft) != starter.content_hash


def test_hash_covers_title_preamble_and_currency_but_not_the_note(starter, draft):
    for field, same in (("title", False), ("preamble", False), ("change_note", True)):
        version = Version.objects.select_related("agreement").get(pk=draft.pk)
        setattr(version, field, "Something else")
        assert (hash_of(read_document(version)) == starter.content_hash) is same
    version = Version.objects.select_related("agreement").get(pk=draft.pk)
    version.agreement.currency = "USD"
    assert content_hash(version) != starter.content_hash


def test_export_is_plain_json_that_loads_as_the_same(starter, draft, now):
    data = json.loads(json.dumps(export_version(starter)))
    assert data["version"]["title"] == starter.title
    draft.delete()
    assert import_document(data=data, agreement=starter.agreement, now=now, actor=None) == starter
    data["version"]["title"] = "Next"
    version = import_document(data=data, agreement=starter.agreement, now=now, actor=None)
    assert export_version(version) == data


def test_export_of_the_starter_is_what_its_file_says(starter):
    """Field by field; only the period was written out as dates, and defaults were filled in."""
    exported = export_version(starter)
    for section, entries in starter_content().items():
        if section in ("agreement", "calendar"):
            continue
        if section == "version":
            assert exported[section] == entries
            continue
        for entry, clause in zip(entries, exported[section], strict=True):
            said = {name: value for name, value in entry.items() if name != "period"}
            assert {name: _same(clause[name], value) for name, value in said.items()} == said


def _same(exported, written):
    is_number = isinstance(written, int | float) and not isinstance(written, bool)
    return written if is_number and Decimal(str(exported)) == Decimal(str(written)) else exported


def test_words_are_filled_in_the_language_of_the_installation(starter):
    (goal,) = (clause for clause in clauses_of(starter) if clause.key == "goal-revenue")
    with translation.override("ar"):
        assert "EUR\N{NO-BREAK SPACE}1,200,000" in goal.text
        assert "1 October 2026" in goal.text


# --- Any document

texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="{}"), min_size=1, max_size=40
).filter(str.strip)
spans = st.builds(
    "{} {}".format,
    st.integers(2, 10_000),
    st.sampled_from(["business hours", "business days", "minutes", "days"]),
)
conditions = st.lists(
    st.fixed_dictionaries({"field": st.just("job_title"), "op": st.just("contains"), "value": texts}),
    max_size=3,
)


def clause(name, /, **fields):
    return st.fixed_dictionaries({"clause": st.just(name), "title": texts, "words": texts, **fields})


UNITS = {"mqls": "count", "revenue": "money", "sql-to-customer": "percent"}
goals = clause(
    "goal",
    measure=st.sampled_from(sorted(UNITS)),
    target=st.decimals(0, "99999999999999.99", places=2).map(str),
    baseline=st.none() | st.integers(0, 10**6),
    period=st.sampled_from(["this_month", "next_quarter", "this_year"]),
    owner=texts,
).map(lambda goal: goal | {"unit": UNITS[goal["measure"]]})
definitions = clause("definition", kind=st.sampled_from(["sales_stage", "term"]), criteria=conditions)
rules = clause("scoring_rule", dimension=st.just("fit"), points=st.integers(1, 100), conditions=conditions)
policies = clause(
    "response_policy",
    assign_within=spans,
    accept_within=spans,
    first_attempt_within=spans,
    remind_after=st.integers(1, 99),
    escalate_after=st.none() | spans,
    reassign_after=st.none() | spans,
)
tracks = clause(
    "nurture_track",
    buyer_stage=st.sampled_from(["awareness", "decision"]),
    offers=st.lists(texts, max_size=4),
    enrols=texts,
    leaves=texts,
)


@st.composite
def contents(draw):
    sections = {
        "goals": draw(st.lists(goals, max_size=3)),
        "definitions": draw(st.lists(definitions, max_size=3)),
        "qualification": draw(st.lists(rules, max_size=3)),
        "handoffs": draw(st.lists(policies, max_size=3)),
        "nurture": draw(st.lists(tracks, max_size=2)),
    }
    for section, entries in sections.items():
        for number, entry in enumerate(entries):
            entry["key"] = f"{section}-{number}"
    about = {"title": draw(texts), "preamble": draw(texts), "change_note": draw(texts)}
    return {"version": about, **sections}


class RoundTrip(TestCase):
    """Not a fixture in sight: hypothesis wants each example in its own transaction."""

    @given(contents())
    @settings(max_examples=30)
    def test_any_document_survives_export_and_import(self, content):
        around = {name: starter_content()[name] for name in ("agreement", "calendar")}
        first = load_agreement(source=around | copy.deepcopy(content), now=NOW, actor=None)
        exported = json.loads(json.dumps(export_version(first)))
        said = read_content(exported, version=Version(agreement=first.agreement), today=NOW.date())
        assert hash_of(said) == content_hash(first)
        assert [values_of(clause) for clause in said.clauses] == [
            values_of(clause) for clause in clauses_of(first)
        ]
        later = NOW + timedelta(days=400)
        assert import_document(data=exported, agreement=first.agreement, now=later, actor=None) == first


def test_a_field_added_later_leaves_the_hash_of_what_was_signed(draft):
    """At its default it is left out, as it was before there was one; where it says something it is signed, too."""
    reason = ReturnReason.objects.get(version=draft, key="disqualify-asked-not-to")
    assert export_clause(reason)["stops_contact"] is True
    signed = content_hash(draft)

    ReturnReason.objects.filter(pk=reason.pk).update(stops_contact=False)
    reason.refresh_from_db()
    assert "stops_contact" not in export_clause(reason)
    assert content_hash(draft) != signed
