"""Visitor, lead, MQL, SQL, customer: how many came, how many came further, what they are worth."""

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.roles import Side
from kpis import facts
from kpis.facts import Population
from kpis.measures.amounts import since_mql, won_value
from kpis.measures.conditions import BECAME_CUSTOMER, BECAME_MQL_OR_MORE, BECAME_SQL, WAS_MQL
from kpis.measures.kinds import Kind, Measure, Part, Words
from leads.stages import Stage

_NO_LEADS = _("No leads yet.")
_NO_MQLS = _("No MQLs yet.")
_NO_SQLS = _("No SQLs yet.")
_NO_WINS = _("No wins yet.")
_OF_LEAD = ("source", "person", "team")


def _come_further(
    key: str,
    label: Words,
    words: Words,
    population: Population,
    became: Q,
    *,
    empty: Words,
    side: Side | None = None,
) -> Measure:
    """Of those who entered in the period, whoever has become more since."""
    entered = Part(population)
    further = Part(population, [became])
    return Measure(key, label, words, Kind.RATE, further, entered, side=side, empty=empty, by=_OF_LEAD)


FUNNEL = (
    Measure(
        "visitors",
        _("Visitors"),
        _("Visitors of the days of the period, as the website’s own count says them, by source."),
        Kind.COUNT,
        Part(facts.TRAFFIC, amount=lambda: F("visitors")),
        side=Side.MARKETING,
        by=("source",),
    ),
    Measure(
        "leads",
        _("New leads"),
        _(
            "Leads that first reached the stage of a lead, or a later one, in the period. Each counts once, ever."
        ),
        Kind.COUNT,
        Part(facts.LEADS),
        side=Side.MARKETING,
        by=_OF_LEAD,
    ),
    Measure(
        "mqls",
        _("MQLs"),
        _(
            "Leads that became an MQL for the first time in the period. A lead that comes back after a return does not"
            " count again."
        ),
        Kind.COUNT,
        Part(facts.MQLS),
        side=Side.MARKETING,
        by=_OF_LEAD,
    ),
    Measure(
        "sqls",
        _("SQLs"),
        _("Leads that first reached the stage of an SQL, or a later one, in the period."),
        Kind.COUNT,
        Part(facts.SQLS),
        side=Side.SALES,
        by=_OF_LEAD,
    ),
    Measure(
        "wins",
        _("New customers"),
        _("Leads that became a customer in the period, by the date of the win."),
        Kind.COUNT,
        Part(facts.WINS),
        side=Side.SALES,
        by=_OF_LEAD,
    ),
    Measure(
        "visitors-to-leads",
        _("Visitor to lead"),
        _(
            "New leads of the period for each visitor of the period. Who came as a visitor earlier is not told apart."
        ),
        Kind.RATE,
        Part(facts.LEADS),
        Part(facts.TRAFFIC, amount=lambda: F("visitors")),
        side=Side.MARKETING,
        empty=_("No visitors told yet."),
        by=("source",),
    ),
    _come_further(
        "leads-to-mqls",
        _("Lead to MQL"),
        _("Of the leads that came in the period, those that have become an MQL, or more, since."),
        facts.LEADS,
        BECAME_MQL_OR_MORE,
        empty=_NO_LEADS,
        side=Side.MARKETING,
    ),
    _come_further(
        "mqls-to-sqls",
        _("MQL to SQL"),
        _("Of the leads that became an MQL in the period, those that have become an SQL, or more, since."),
        facts.MQLS,
        BECAME_SQL,
        empty=_NO_MQLS,
        side=Side.SALES,
    ),
    _come_further(
        "sqls-to-customers",
        _("SQL to customer"),
        _("Of the leads that became an SQL in the period, those that have become a customer since."),
        facts.SQLS,
        BECAME_CUSTOMER,
        empty=_NO_SQLS,
        side=Side.SALES,
    ),
    _come_further(
        "mqls-to-customers",
        _("MQL to customer"),
        _("Of the leads that became an MQL in the period, those that have become a customer since."),
        facts.MQLS,
        BECAME_CUSTOMER,
        empty=_NO_MQLS,
    ),
    _come_further(
        "conversion",
        _("Conversion from lead to customer"),
        _("Of the leads that came in the period, those that have become a customer since."),
        facts.LEADS,
        BECAME_CUSTOMER,
        empty=_NO_LEADS,
    ),
    Measure(
        "sql-to-customer",
        _("Decisions won"),
        _(
            "Of the SQLs that were decided in the period, those that became a customer. Decided is who was won, lost or"
            " disqualified as an SQL or opportunity; of several decisions the last one counts."
        ),
        Kind.RATE,
        Part(facts.DECISIONS, [Q(to_stage=Stage.CUSTOMER)]),
        Part(facts.DECISIONS),
        side=Side.SALES,
        empty=_("No decisions yet."),
        by=_OF_LEAD,
    ),
    Measure(
        "revenue",
        _("New revenue"),
        _(
            "The value of the deals won in the period, by the date of the win. A deal without a value is listed and"
            " adds nothing."
        ),
        Kind.MONEY,
        Part(facts.WINS, amount=won_value),
        by=_OF_LEAD,
    ),
    Measure(
        "revenue-from-marketing",
        _("Revenue sourced by marketing"),
        _("Of the new revenue, that of customers who had been an MQL before."),
        Kind.MONEY,
        Part(facts.WINS, [WAS_MQL], won_value),
        side=Side.MARKETING,
        by=_OF_LEAD,
    ),
    Measure(
        "days-to-win",
        _("Days to win"),
        _(
            "From becoming an MQL, or without that from coming in, to becoming a customer, for the wins of the period."
        ),
        Kind.DURATION,
        Part(facts.WINS, amount=since_mql),
        empty=_NO_WINS,
        less_is_better=True,
        by=_OF_LEAD,
    ),
)
