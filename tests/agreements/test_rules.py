from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.rules import Funnel, FunnelError, plan_funnel

PLAN = {
    "revenue_a_month": Decimal(400_000),
    "marketing_sourced_share": Decimal("0.5"),
    "deal_size": Decimal(20_000),
    "sql_to_customer": Decimal("0.25"),
    "mql_to_sql": Decimal("0.4"),
    "lead_to_mql": Decimal("0.2"),
    "visitor_to_lead": Decimal("0.025"),
    "hours_per_mql": Decimal("1.5"),
    "reps": 4,
    "follow_up_hours_per_rep": Decimal(40),
}
RATES = ("sql_to_customer", "mql_to_sql", "lead_to_mql", "visitor_to_lead")

money = st.decimals(0, 10_000_000, places=2)
rates = st.decimals("0.0001", 1, places=4)
plans = st.fixed_dictionaries(
    {
        "revenue_a_month": money,
        "marketing_sourced_share": st.decimals(0, 1, places=4),
        "deal_size": st.decimals(1, 1_000_000, places=2),
        **dict.fromkeys(RATES, rates),
        "hours_per_mql": st.decimals(0, 100, places=2),
        "reps": st.integers(0, 500),
        "follow_up_hours_per_rep": st.decimals(0, 200, places=2),
    }
)


def counts(funnel):
    return (funnel.deals, funnel.sqls, funnel.mqls, funnel.leads, funnel.visitors)


def test_plan_funnel_works_back_from_revenue_to_visitors():
    assert plan_funnel(**PLAN) == Funnel(
        revenue=Decimal(200_000),
        deals=10,
        sqls=40,
        mqls=100,
        leads=500,
        visitors=20_000,
        hours_needed=Decimal(150),
        hours_available=Decimal(160),
    )


def test_plan_funnel_rounds_every_count_up_from_the_count_shown_above_it():
    """10.2 deals are 11, and 44 SQLs are 11 ÷ 0.25, not 10.2 ÷ 0.25 rounded to 41."""
    assert counts(plan_funnel(**PLAN | {"revenue_a_month": Decimal(408_000)})) == (11, 44, 110, 550, 22_000)


@pytest.mark.parametrize(("needed", "feasible"), [("1.6", True), ("1.61", False)])
def test_capacity_holds_to_the_last_hour(needed, feasible):
    funnel = plan_funnel(**PLAN | {"hours_per_mql": Decimal(needed)})
    assert (funnel.is_feasible, funnel.hours_spare) == (feasible, 160 - 100 * Decimal(needed))


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (
            {"mql_to_sql": 0},
            "mql_to_sql",
            "At a rate of 0 from MQL to SQL, no number of visitors reaches the goal.",
        ),
        ({"visitor_to_lead": 0}, "visitor_to_lead", "At a rate of 0 from visitor to lead"),
        ({"lead_to_mql": "1.1"}, "lead_to_mql", "A rate lies between 0 and 1."),
        ({"lead_to_mql": "-0.1"}, "lead_to_mql", "A rate lies between 0 and 1."),
        ({"deal_size": 0}, "deal_size", "With deals worth nothing"),
        ({"marketing_sourced_share": 50}, "marketing_sourced_share", "A share lies between 0 and 1."),
        ({"revenue_a_month": -1}, "revenue_a_month", "less than nothing"),
        ({"reps": -1}, "reps", "less than nothing"),
        ({"hours_per_mql": -1}, "hours_per_mql", "less than nothing"),
    ],
)
def test_plan_funnel_answers_what_makes_no_sense_in_words(change, field, words):
    with pytest.raises(FunnelError, match=words) as refusal:
        plan_funnel(**PLAN | {name: Decimal(value) for name, value in change.items()})
    assert refusal.value.field == field
    assert words in refusal.value.in_words(str)


@given(plans)
def test_plan_reaches_its_goal_and_no_step_asks_for_one_more_than_needed(plan):
    funnel = plan_funnel(**plan)
    steps = [funnel.revenue, *counts(funnel)]
    factors = [plan["deal_size"], *(plan[name] for name in RATES)]
    for above, count, factor in zip(steps, steps[1:], factors, strict=False):
        assert count * factor >= above
        assert max(count - 1, 0) * factor < above or above == 0


@given(plans, money)
def test_more_revenue_never_takes_less(plan, more):
    before, after = (
        plan_funnel(**plan),
        plan_funnel(**plan | {"revenue_a_month": plan["revenue_a_month"] + more}),
    )
    assert all(a >= b for a, b in zip(counts(after), counts(before), strict=True))
    assert after.hours_needed >= before.hours_needed


@given(plans)
def test_funnel_only_widens_towards_visitors(plan):
    assert list(counts(plan_funnel(**plan))) == sorted(counts(plan_funnel(**plan)))


@given(plans)
def test_sure_rates_ask_for_as_many_visitors_as_deals(plan):
    funnel = plan_funnel(**plan | dict.fromkeys(RATES, Decimal(1)))
    assert set(counts(funnel)) == {funnel.deals}
