import pytest
from django.template import Context, Template

from agreements import selectors
from agreements.models import Goal, clause_models
from agreements.selectors import (
    ClauseRef,
    active_versions,
    cite,
    clause_index,
    clauses,
    default_version,
    document,
)
from agreements.services import draft_from, propose_version
from handoffs.models import HandoffTrigger, ResponsePolicy
from scoring.models import ScoringRule
from tests.factories.agreements import active_version, starter_content

pytestmark = pytest.mark.django_db


def test_version_in_force_is_read_once(starter, django_assert_num_queries):
    selectors.forget(starter.pk)
    with django_assert_num_queries(1 + len(clause_models())):
        clause_index(starter.pk)
    with django_assert_num_queries(0):
        clause_index(starter.pk)
        cite(starter.pk, "lead")
        assert len(clauses(starter.pk, ScoringRule)) == len(document(starter.pk).of(ScoringRule))


def test_draft_is_read_anew_each_time(starter, now):
    draft = draft_from(version=starter, now=now, actor=None)
    assert cite(draft.pk, "goal-mqls").words.startswith("From")
    Goal.objects.filter(version=draft, key="goal-mqls").update(words="Other.")
    assert cite(draft.pk, "goal-mqls").words == "Other."


def test_proposal_that_failed_is_forgotten(starter, now, monkeypatch):
    draft = draft_from(version=starter, now=now, actor=None)

    def read_and_fail(self, **_):
        type(self).objects.filter(pk=self.pk).update(state="proposed", content_hash="0" * 64)
        clause_index(self.pk)
        raise RuntimeError

    monkeypatch.setattr("agreements.models.Version.save", read_and_fail)
    with pytest.raises(RuntimeError):
        propose_version(version=draft, now=now, actor=None)
    Goal.objects.filter(version=draft, key="goal-mqls").update(words="Other.")
    assert cite(draft.pk, "goal-mqls").words == "Other."


def test_clause_ref_says_where_and_what(starter):
    assert cite(starter.pk, "commitment-mqls") == ClauseRef(
        key="commitment-mqls",
        reference="7.1",
        title="Enough leads",
        words="Marketing hands over at least 100 MQLs a month.",
        number=1,
        url="/agreement/marketing-and-sales/v1/#commitment-mqls",
    )


def test_words_name_the_clauses_they_refer_to(starter):
    policy, cadence = cite(starter.pk, "response-urgent"), cite(starter.pk, "cadence-urgent")
    words = cite(starter.pk, "trigger-demo-request").words
    assert f"“{policy.title}” (§{policy.reference})" in words
    assert f"“{cadence.title}” (§{cadence.reference})" in words


@pytest.mark.parametrize(
    ("version_id", "key"), [(None, "lead"), (0, "lead"), ("own", ""), ("own", "nothing")]
)
def test_nothing_is_cited_where_there_is_nothing(starter, version_id, key):
    assert cite(starter.pk if version_id == "own" else version_id, key) is None


def test_clauses_come_in_order_with_their_version_loaded(starter, django_assert_num_queries):
    triggers = clauses(starter.pk, HandoffTrigger)
    assert [trigger.key for trigger in triggers] == [
        "trigger-demo-request",
        "trigger-score",
        "trigger-manual",
    ]
    with django_assert_num_queries(0):
        assert triggers[0].version.agreement.currency == "EUR"
    (policy,) = (p for p in clauses(starter.pk, ResponsePolicy) if p.key == "response-standard")
    assert str(policy.accept_within) == "4 business hours"


def test_active_versions_end_with_the_default(starter, now, django_assert_num_queries):
    others = [
        active_version(
            starter_content() | {"agreement": {"slug": slug, "name": slug, "position": position}}, now=now
        )
        for slug, position in (("uk", 5), ("dach", 2))
    ]
    with django_assert_num_queries(1):
        found = active_versions()
        assert [version.agreement.calendar.slug for version in found] == ["head-office"] * 3
    assert found == [others[1], others[0], starter]
    assert default_version() == starter


def test_no_version_in_force_is_none(db):
    assert (default_version(), active_versions()) == (None, [])


def test_cite_tag_is_the_clause_chip(starter, django_assert_num_queries):
    template = Template(
        "{% load agreement %}{% cite version_id key %}|{% cite version_id key words=said %}|"
        "{% cite version_id none %}"
    )
    clause_index(starter.pk)
    context = {"version_id": starter.pk, "key": "mql-threshold", "said": "graded <B2>", "none": ""}
    with django_assert_num_queries(0):
        html = template.render(Context(context))
    plain, said, nothing = html.split("|")
    ref = cite(starter.pk, "mql-threshold")
    assert all(part in plain for part in (f'href="{ref.url}"', f"§{ref.reference}", ref.title, "v1"))
    assert "graded &lt;B2&gt;" in said
    assert nothing.strip() == ""
