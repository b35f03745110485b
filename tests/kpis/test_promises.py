"""Promises, goals and plans as they stand: whose leads they are judged by, and in which words."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agreements.models import Version
from kpis.measures import MEASURES
from kpis.rules import State
from kpis.scopes import Scope
from kpis.selectors import Figure, Promise, figures, funnel, goals, promises, standing, waterfall
from leads.models import Lead
from leads.stages import Stage
from tests.factories.agreements import active_version, starter_content
from tests.factories.leads import LeadFactory, StageChangeFactory

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
NOVEMBER = Scope.month(date(2026, 11, 1), BERLIN)


def entered(version: Version, stage: Stage, at: datetime, **fields: Any) -> Lead:
    lead: Lead = LeadFactory(agreement=version.agreement, stage=stage, created_at=at, **fields)
    StageChangeFactory(lead=lead, to_stage=stage, at=at)
    return lead


def swiss(now: datetime) -> Version:
    """A second agreement, in another currency."""
    content = starter_content()
    region = {"slug": "switzerland", "name": "Switzerland", "currency": "CHF", "default": False}
    covers = [{"field": "company.country", "op": "is", "value": "CH"}]
    return active_version(
        content | {"agreement": content["agreement"] | region | {"covers": covers}}, now=now
    )


def asked(selector: Callable[..., Any], scope: Scope, now: datetime, *read: Any) -> Any:
    """What a selector tells of a scope by the version in force then."""
    return selector(standing(scope, now), scope, now, *read)


def of(key: str, found: list[Promise]) -> Promise:
    return next(each for each in found if each.clause.key == key)


def test_an_agreement_promises_nothing_for_the_days_before_it(now: datetime) -> None:
    """In force from Thursday 19 November: twelve of the thirty days, and the MQLs of those."""
    version = active_version(starter_content(), now=datetime(2026, 11, 19, 9, tzinfo=UTC))
    entered(version, Stage.MQL, datetime(2026, 11, 10, 12, tzinfo=UTC))
    entered(version, Stage.MQL, datetime(2026, 11, 20, 12, tzinfo=UTC))
    ended = datetime(2026, 12, 5, tzinfo=UTC)

    stands = of("commitment-mqls", asked(promises, NOVEMBER, ended))
    assert (stands.target, stands.value, stands.words) == (40, 1, "Missed by 39: 1 of 40")
    assert stands.measured.starts_on == date(2026, 11, 19)
    plan = {day.day: day.planned for day in asked(waterfall, NOVEMBER, ended).days}
    assert (plan[date(2026, 11, 18)], plan[date(2026, 11, 30)]) == (0, 40)
    mqls = next(step for step in asked(funnel, NOVEMBER, ended) if step.figure.measure.key == "mqls")
    assert mqls.planned == pytest.approx(12 / 30 * 100, abs=1)


@pytest.mark.parametrize(
    ("count", "day", "state", "words"),
    [
        (0, 10, State.AT_RISK, "29 behind plan; at this pace 0 of 100"),
        (28, 10, State.AT_RISK, "1 behind plan; at this pace 95 of 100"),
        (29, 10, State.KEPT, "On plan; at this pace 99 of 100"),
        (37, 10, State.KEPT, "8 ahead of plan; at this pace 126 of 100"),
        (100, 10, State.KEPT, "Reached: 100 of 100"),
        (99, 31, State.MISSED, "Missed by 1: 99 of 100"),
    ],
)
def test_what_adds_up_is_measured_against_the_plan_by_now(
    starter: Version, now: datetime, count: int, day: int, state: State, words: str
) -> None:
    for _ in range(count):
        entered(starter, Stage.MQL, now)
    # By half past ten on Tuesday the tenth, 6 and 1.5 ÷ 8.5 of 21 business days are gone: the plan asks 29.4.
    promise = of("commitment-mqls", asked(promises, NOVEMBER, now + timedelta(days=day - 2)))
    assert (promise.state, promise.value, promise.words) == (state, count, words)


def test_goals_count_their_own_period_until_the_end_of_the_scope(starter: Version, now: datetime) -> None:
    for days in (-20, 0, 30):
        entered(starter, Stage.MQL, now + timedelta(days=days))
    goal = of("goal-mqls", asked(goals, NOVEMBER, now + timedelta(days=60)))
    assert (goal.value, goal.scope.starts_on, goal.scope.ends_on) == (
        2,
        date(2026, 10, 1),
        date(2026, 12, 31),
    )
    assert goal.measured.ends_on == date(2026, 11, 30)


def test_a_part_of_the_leads_is_not_judged(starter: Version, now: datetime) -> None:
    now += timedelta(days=1)
    entered(starter, Stage.MQL, now, source="webinar")
    part = Scope(NOVEMBER.starts_on, NOVEMBER.ends_on, BERLIN, source="webinar")
    now += timedelta(hours=1)
    promise = of("commitment-mqls", asked(promises, part, now))
    assert (promise.state, promise.value) == (State.EMPTY, 1)
    assert promise.words == "Promised for all leads of the agreement, not for a part of them."
    assert asked(waterfall, part, now).target is None
    assert {step.planned for step in asked(funnel, part, now)} == {None}


def test_leads_of_several_agreements_are_not_judged_by_one(starter: Version, now: datetime) -> None:
    other = swiss(now)
    later = now + timedelta(days=1)
    for version, count in ((starter, 1), (other, 2)):
        for _ in range(count):
            entered(version, Stage.MQL, now)
    together = of("commitment-mqls", asked(promises, NOVEMBER, later))
    words = "Promised for the leads of Marketing and sales. Choose that agreement to see how it stands."
    assert (together.state, together.value, together.words) == (State.EMPTY, 3, words)
    assert asked(waterfall, NOVEMBER, later).target is None
    for version, count in ((starter, 1), (other, 2)):
        own = Scope.month(NOVEMBER.starts_on, BERLIN, agreement_id=version.agreement_id)
        alone = of("commitment-mqls", asked(promises, own, later))
        assert (alone.state, alone.value) == (State.AT_RISK, count)
        assert asked(waterfall, own, later).target == 100


def test_money_of_different_currencies_is_not_added(starter: Version, now: datetime) -> None:
    other = swiss(now)
    entered(starter, Stage.CUSTOMER, now, value=Decimal(100))
    in_euros = figures(["revenue"], NOVEMBER, now + timedelta(days=1))["revenue"]
    assert in_euros.value == 100
    entered(other, Stage.CUSTOMER, now, value=Decimal(1000))
    mixed = figures(["revenue"], NOVEMBER, now + timedelta(days=1))["revenue"]
    assert (mixed.value, mixed.empty) == (None, "Agreements of different currencies do not add up.")
    own = Scope.month(NOVEMBER.starts_on, BERLIN, agreement_id=other.agreement_id)
    assert figures(["revenue"], own, now + timedelta(days=1))["revenue"].value == 1000


def test_waterfall_adds_up_to_the_figure_and_its_plan_to_the_promise(starter: Version, now: datetime) -> None:
    for days in (0, 0, 1, 9):
        entered(starter, Stage.MQL, now + timedelta(days=days))
    found = asked(waterfall, NOVEMBER, now + timedelta(days=10))
    assert (found.total, found.target, found.days[-1].planned) == (4, 100.0, 100.0)
    assert [day.count for day in found.days[:3]] == [0, 2, 1]
    assert [day.total for day in found.days[10:13]] == [4, 4, None]


def test_plan_of_the_funnel_is_of_as_many_months_as_the_scope(starter: Version, now: datetime) -> None:
    now += timedelta(days=1)
    month = [step.planned for step in asked(funnel, NOVEMBER, now)]
    quarter = [
        step.planned for step in asked(funnel, NOVEMBER.between(date(2026, 12, 1), date(2027, 2, 28)), now)
    ]
    # 200,000 of marketing's revenue at 20,000 a deal are 10 deals: 40 SQLs, 100 MQLs, 500 leads, 20,000 visitors.
    assert month == [20000, 500, 100, 40, 10]
    assert quarter == [3 * each for each in month if each is not None]


def test_targets_of_a_part_of_a_month_are_its_part(starter: Version, now: datetime) -> None:
    now += timedelta(days=1)
    half = NOVEMBER.between(date(2026, 11, 1), date(2026, 11, 15))
    assert of("commitment-mqls", asked(promises, half, now)).target == 50
    assert of("commitment-quality", asked(promises, half, now)).target == Fraction(85)


FIRST_TEN = NOVEMBER.between(date(2026, 11, 1), date(2026, 11, 10))
"""A third of November: of 55 a month 18.33 are asked, of 5 a month 1.67."""


@pytest.mark.parametrize(
    ("measure", "comparator", "target", "told", "state", "words"),
    [
        ("mqls", "at_least", 55, (18,), State.KEPT, "Reached: 18 of 18"),
        ("mqls", "at_least", 55, (17,), State.MISSED, "Missed by 1: 17 of 18"),
        ("breaches", "at_most", 5, (2,), State.KEPT, "Reached: 2 of 2"),
        ("breaches", "at_most", 5, (3,), State.MISSED, "Missed by 1: 3 of 2"),
        ("revenue", "at_least", 55, (Decimal("17.60"),), State.KEPT, "Reached: EUR\xa018 of EUR\xa018"),
        ("attempts", "at_least", 4.5, (44, 10), State.MISSED, "Missed by 0.1: 4.4 of 4.5"),
        ("attempts", "at_least", 4.5, (45, 10), State.KEPT, "Reached: 4.5 of 4.5"),
        ("attempts", "at_most", 4.5, (47, 10), State.MISSED, "Missed by 0.2: 4.7 of 4.5"),
        ("handoffs-accepted", "at_least", 95, (9496, 10000), State.MISSED, "Missed: 94.96%, agreed were 95%"),
        ("handoffs-accepted", "at_least", 95, (949, 1000), State.MISSED, "Missed: 94.9%, agreed were 95%"),
    ],
)
def test_state_and_words_go_by_the_same_numbers(
    now: datetime, measure: str, comparator: str, target: float, told: Any, state: State, words: str
) -> None:
    content = starter_content()
    changed = next(each for each in content["kpis"] if each.get("key") == "commitment-mqls")
    unit = {"revenue": "money", "handoffs-accepted": "percent"}.get(measure, "count")
    changed |= {"measure": measure, "comparator": comparator, "target": target, "unit": unit}
    active_version(content, now=now)
    later = now + timedelta(days=40)
    promise = of(
        "commitment-mqls", asked(promises, FIRST_TEN, later, {measure: Figure(MEASURES[measure], *told)})
    )
    assert (promise.state, promise.words) == (state, words)
    assert f": {promise.say(promise.value)}" in promise.words
    assert promise.words.endswith(f" {promise.say(promise.target)}")


def test_what_a_page_has_read_is_not_read_again(starter: Version, now: datetime) -> None:
    now += timedelta(days=1)
    keys = [each.figure.measure.key for each in asked(promises, NOVEMBER, now)]
    with CaptureQueriesContext(connection) as all_read:
        asked(promises, NOVEMBER, now)
    read = figures(keys, NOVEMBER, now)
    with CaptureQueriesContext(connection) as given:
        asked(promises, NOVEMBER, now, read)
    counted = [query for query in given.captured_queries if "COUNT" in query["sql"]]
    assert counted == []
    assert len(given) < len(all_read)
