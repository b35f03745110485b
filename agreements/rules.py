"""The arithmetic of the funnel: from revenue a month back to the visitors it takes. Pure.

The chain is the one that HubSpot's guide to a service level agreement between marketing and sales gives:
revenue goal × marketing's share ÷ deal size = customers, ÷ closing rate = SQLs, and so on up the funnel; the
capacity check multiplies MQLs by the hours one takes.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from agreements.worded import Term, WordedError, gettext_noop

RATES = {
    "sql_to_customer": Term(gettext_noop("from SQL to customer")),
    "mql_to_sql": Term(gettext_noop("from MQL to SQL")),
    "lead_to_mql": Term(gettext_noop("from lead to MQL")),
    "visitor_to_lead": Term(gettext_noop("from visitor to lead")),
}


class FunnelError(WordedError):
    """No number of visitors reaches the goal, or a figure makes no sense. `field` is the one to change."""

    def __init__(self, field: str, template: str, **params: object) -> None:
        super().__init__(template, **params)
        self.field = field


@dataclass(frozen=True)
class Funnel:
    """What a month must bring, in counts, and the rep hours that its MQLs take and have."""

    revenue: Decimal
    """Of the month's, what marketing sources."""
    deals: int
    sqls: int
    mqls: int
    leads: int
    visitors: int
    hours_needed: Decimal
    hours_available: Decimal

    @property
    def is_feasible(self) -> bool:
        return self.hours_needed <= self.hours_available

    @property
    def hours_spare(self) -> Decimal:
        """Negative where hours are missing."""
        return self.hours_available - self.hours_needed

    @property
    def hours_missing(self) -> Decimal:
        """Negative where there are hours to spare."""
        return -self.hours_spare


def plan_funnel(
    *,
    revenue_a_month: Decimal,
    marketing_sourced_share: Decimal,
    deal_size: Decimal,
    sql_to_customer: Decimal,
    mql_to_sql: Decimal,
    lead_to_mql: Decimal,
    visitor_to_lead: Decimal,
    hours_per_mql: Decimal,
    reps: int,
    follow_up_hours_per_rep: Decimal,
) -> Funnel:
    """What a month must bring. Money in one currency, rates and share from 0 to 1, hours a month.

    Nobody wins a part of a deal: each count is the next whole number, and the count above it in the funnel
    is worked out from that whole number. So whoever checks a line with the figures shown gets the same, and
    the plan errs on the safe side. Raises `FunnelError`, in words, for a rate of nothing, a share or rate
    above 1, and negative figures.
    """
    rates = {
        "sql_to_customer": sql_to_customer,
        "mql_to_sql": mql_to_sql,
        "lead_to_mql": lead_to_mql,
        "visitor_to_lead": visitor_to_lead,
    }
    amounts = {
        "revenue_a_month": revenue_a_month,
        "hours_per_mql": hours_per_mql,
        "reps": Decimal(reps),
        "follow_up_hours_per_rep": follow_up_hours_per_rep,
    }
    _check(rates, amounts, marketing_sourced_share, deal_size)
    revenue = revenue_a_month * marketing_sourced_share
    counts = [_whole(revenue / deal_size)]
    for rate in rates.values():
        counts.append(_whole(counts[-1] / rate))
    deals, sqls, mqls, leads, visitors = counts
    needed, available = mqls * hours_per_mql, reps * follow_up_hours_per_rep
    return Funnel(revenue, deals, sqls, mqls, leads, visitors, needed, available)


def _check(
    rates: dict[str, Decimal], amounts: dict[str, Decimal], share: Decimal, deal_size: Decimal
) -> None:
    for name, amount in amounts.items():
        if amount < 0:
            raise FunnelError(name, gettext_noop("It cannot be less than nothing."))
    if not 0 <= share <= 1:
        raise FunnelError("marketing_sourced_share", gettext_noop("A share lies between 0 and 1."))
    if deal_size <= 0:
        raise FunnelError(
            "deal_size", gettext_noop("With deals worth nothing, no number of them reaches the goal.")
        )
    for name, rate in rates.items():
        if rate == 0:
            text = gettext_noop("At a rate of 0 %(step)s, no number of visitors reaches the goal.")
            raise FunnelError(name, text, step=RATES[name])
        if not 0 < rate <= 1:
            raise FunnelError(name, gettext_noop("A rate lies between 0 and 1."))


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))
