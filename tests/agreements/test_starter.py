"""The starter agreement: complete, consistent, and worded by its own figures."""

import re
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.roles import Side
from agreements.business_time import Schedule
from agreements.models import (
    Commitment,
    Component,
    Definition,
    DefinitionKind,
    FunnelPlan,
    Goal,
    clause_models,
)
from agreements.selectors import clause_index, clauses, current_revision, document
from agreements.wording import PLACEHOLDER
from handoffs.models import Cadence, CadenceStep, HandoffTrigger, ResponsePolicy, ReturnReason
from leads.conditions import compile as compiled
from leads.models import Lead
from nurture.models import BuyerStage, NurtureTrack
from scoring.models import Dimension, Grade, Qualification, ScoringRule
from tests.factories.agreements import starter_content

pytestmark = pytest.mark.django_db


def by_key(version, model):
    return {clause.key: clause for clause in clauses(version.pk, model)}


def test_all_seven_components_are_there_with_every_kind_of_clause(starter):
    read = document(starter.pk)
    assert {clause.component for clause in read.clauses} == set(Component)
    assert all(read.of(model) for model in clause_models())


def test_every_word_has_a_title_and_words_without_braces_left(starter):
    for ref in clause_index(starter.pk).values():
        assert ref.title
        assert ref.words, ref.key
        assert "{" not in ref.words + ref.title, ref.key


def test_words_say_what_runs(starter):
    """Nothing that a field holds is written out in the words beside it."""
    policy = by_key(starter, ResponsePolicy)["response-standard"]
    assert (
        f"within {policy.accept_within} and makes the first attempt within {policy.first_attempt_within}"
        in (policy.text)
    )
    for model in (ResponsePolicy, CadenceStep, Commitment, Goal):
        for clause in clauses(starter.pk, model):
            prose = re.sub(r"chapter \d|24 hours", "", PLACEHOLDER.sub("", clause.words))
            assert not any(character.isdigit() for character in prose), clause.key


def test_goals_follow_from_the_funnel_plan_and_promises_from_both(starter):
    (plan,) = clauses(starter.pk, FunnelPlan)
    goals, promises = by_key(starter, Goal), by_key(starter, Commitment)
    assert goals["goal-revenue"].target == 3 * plan.revenue_a_month
    assert goals["goal-mqls"].target == 3 * plan.figures.mqls
    assert goals["goal-win-rate"].target == 100 * plan.sql_to_customer
    assert promises["commitment-mqls"].target == plan.figures.mqls
    assert plan.figures.is_feasible
    for goal in goals.values():
        assert goal.baseline < goal.target
        assert goal.starts_on <= starter.activated_at.date() <= goal.ends_on


def test_both_sides_promise(starter):
    assert {promise.side for promise in clauses(starter.pk, Commitment)} == set(Side)


def test_six_stages_are_defined_under_their_own_keys(starter):
    found = by_key(starter, Definition)
    stages = [DefinitionKind(stage) for stage in ("contact", "lead", "mql", "sql", "opportunity", "customer")]
    assert [found[stage].kind for stage in stages] == stages


@pytest.mark.parametrize(
    ("stage", "source", "holds"),
    [
        ("lead", "", True),
        ("lead", "organic_search", True),
        ("lead", "purchased_list", False),
        ("mql", "", True),
    ],
)
def test_lead_without_an_e_mail_or_even_a_source_may_be_one(starter, now, stage, source, holds):
    """Imports bring leads that are known by an external id only."""
    lead = Lead.objects.create(source=source, created_at=now, updated_at=now, stage_entered_at=now)
    criteria = by_key(starter, Definition)[stage].criteria
    assert Lead.objects.filter(compiled(criteria), pk=lead.pk).exists() is holds


def test_every_grade_can_be_reached(starter):
    rules = clauses(starter.pk, ScoringRule)
    for dimension in Dimension:
        best = max(grade.at_least for grade in clauses(starter.pk, Grade) if grade.dimension == dimension)
        gains = [rule.cap or rule.points for rule in rules if rule.dimension == dimension and rule.points > 0]
        assert sum(gains) >= best
        assert any(rule.points < 0 for rule in rules if rule.dimension == dimension)


def test_conversation_asked_for_is_grade_one_by_itself(starter):
    rule = by_key(starter, ScoringRule)["interest-conversation-asked"]
    assert rule.points >= by_key(starter, Grade)["grade-1"].at_least


def test_best_leads_qualify_and_the_worst_do_not(starter):
    (gate,) = clauses(starter.pk, Qualification)
    assert {"A1", "B1"} <= set(gate.grades)
    assert not any(cell.startswith("D") or cell.endswith("4") for cell in gate.grades)


def test_triggers_and_policies_are_those_that_were_promised(starter):
    triggers, policies = by_key(starter, HandoffTrigger), by_key(starter, ResponsePolicy)
    assert list(triggers) == ["trigger-demo-request", "trigger-score", "trigger-manual"]
    assert {trigger.pool for trigger in triggers.values()} == {"inbound"}
    assert triggers["trigger-demo-request"].urgent
    spans = ("assign_within", "accept_within", "first_attempt_within", "escalate_after", "reassign_after")
    assert {key: [str(getattr(policy, span)) for span in spans] for key, policy in policies.items()} == {
        "response-urgent": [
            "2 business hours",
            "1 business hour",
            "2 business hours",
            "1 business hour",
            "4 business hours",
        ],
        "response-standard": [
            "2 business hours",
            "4 business hours",
            "1 business day",
            "1 business hour",
            "4 business hours",
        ],
    }


def test_cadences_ask_for_every_attempt_on_several_channels(starter, now):
    schedule = current_revision(starter.agreement.calendar_id).schedule
    for cadence in clauses(starter.pk, Cadence):
        steps = [step for step in clauses(starter.pk, CadenceStep) if step.cadence == cadence.key]
        assert len(steps) == cadence.minimum_attempts
        assert len({step.channel for step in steps}) == 3
        last = now
        for step in steps[1:]:
            last = step.within.due(schedule, last)
        assert timedelta(days=10) < last - now < timedelta(days=25)


def test_reasons_cover_every_way_out(starter):
    reasons = clauses(starter.pk, ReturnReason)
    assert set(Counter(reason.act for reason in reasons)) == set(ReturnReason.Act)
    for reason in reasons:
        assert reason.key.startswith(f"{reason.act}-")
        if reason.act == ReturnReason.Act.RETURN:
            assert reason.track
            assert reason.cool_down
    assert by_key(starter, ReturnReason)["return-no-response"].needs_attempts


def test_tracks_cover_the_buyer_s_way(starter):
    tracks = by_key(starter, NurtureTrack)
    assert [(key, track.buyer_stage) for key, track in tracks.items()] == [
        (f"track-{stage}", stage) for stage in BuyerStage.values
    ]


def test_calendar_is_the_head_office_s(starter):
    calendar = starter.agreement.calendar
    schedule = current_revision(calendar.pk).schedule
    assert calendar.slug == "head-office"
    hours = {"zone": "Europe/Berlin", "week": starter_content()["calendar"]["week"]}
    assert schedule.week == Schedule.from_dict(hours).week
    assert Decimal(sum(slot.closes - slot.opens for day in schedule.week for slot in day)) / 60 == Decimal(
        "42.5"
    )
