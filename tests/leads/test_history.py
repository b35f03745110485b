"""Files that tell of the past (docs/decisions/0010-imported-history.md)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from leads.models import ChangeSource, Lead, StageChange
from leads.services import LeadItem, RefItem, upsert_leads
from leads.stages import Stage
from tests.factories.leads import LeadFactory, StageChangeFactory

pytestmark = pytest.mark.django_db

JAN, FEB, MAR, APR = (datetime(2026, month, 5, tzinfo=UTC) for month in (1, 2, 3, 4))


@pytest.fixture
def import_(now):
    def act(**values):
        item = LeadItem(external_ref=RefItem("olist", "1"), **values)
        [result] = upsert_leads([item], now=now, actor=None, source=ChangeSource.IMPORT)
        return result

    return act


def entries():
    return list(StageChange.objects.order_by("id").values_list("from_stage", "to_stage", "at"))


def test_history_is_written_as_the_file_has_it(import_, starter, now):
    result = import_(created_at=JAN, mql_at=FEB, sql_at=MAR, won_at=APR, value=Decimal(900))

    assert (result.status, result.warnings) == ("created", [])
    lead = Lead.objects.get()
    assert (lead.stage, lead.stage_entered_at, lead.created_at, lead.value) == (Stage.CUSTOMER, APR, JAN, 900)
    assert entries() == [
        ("", "lead", JAN),
        ("lead", "mql", FEB),
        ("mql", "sql", MAR),
        ("sql", "customer", APR),
    ]
    assert set(StageChange.objects.values_list("recorded_at", "source")) == {(now, "import")}
    assert list(StageChange.objects.order_by("id").values_list("value", "clause_key")) == [
        (None, "lead"),
        (None, ""),
        (None, ""),
        (900, ""),
    ]


def test_the_same_history_again_changes_nothing(import_, starter):
    given = {"created_at": JAN, "mql_at": FEB, "won_at": APR, "value": Decimal(900)}
    import_(**given)
    before = entries()

    assert import_(**given).status == "unchanged"
    assert entries() == before


@pytest.mark.parametrize("order", [("mqls", "deals"), ("deals", "mqls")])
def test_two_files_in_either_order_tell_the_same(import_, starter, order):
    files = {"mqls": {"created_at": JAN, "mql_at": FEB}, "deals": {"won_at": APR}}

    statuses = [import_(**files[name]).status for name in order]

    assert statuses == ["created", "updated"]
    lead = Lead.objects.get()
    assert (lead.stage, lead.created_at) == (Stage.CUSTOMER, JAN)
    assert {(to, at) for _, to, at in entries()} >= {("mql", FEB), ("customer", APR)}


def test_a_deal_won_before_the_lead_was_created_is_kept_and_said(import_, starter):
    result = import_(created_at=MAR, mql_at=MAR, won_at=FEB)

    assert result.status == "created"
    assert [(remark.field, remark.reason) for remark in result.warnings] == [
        ("won_at", "“Won” (2026-02-05) lies before “Became an MQL” (2026-03-05); both are kept as given.")
    ]
    lead = Lead.objects.get()
    assert (lead.stage, lead.stage_entered_at, lead.created_at) == (Stage.CUSTOMER, FEB, MAR)
    assert entries() == [("", "lead", MAR), ("lead", "mql", MAR), ("mql", "customer", FEB)]


def test_a_deal_before_creation_in_a_second_file_is_said_too(import_, starter):
    import_(created_at=MAR, mql_at=MAR)

    result = import_(won_at=FEB)

    assert [remark.field for remark in result.warnings] == ["won_at"]
    assert Lead.objects.get().created_at == MAR


def test_an_entry_on_record_stays_and_the_file_is_told(import_, starter):
    import_(created_at=JAN, mql_at=FEB)

    result = import_(mql_at=MAR)

    assert result.status == "unchanged"
    assert [remark.field for remark in result.warnings] == ["mql_at"]
    assert "2026-02-05" in result.warnings[0].reason
    assert [entry for entry in entries() if entry[1] == "mql"] == [("lead", "mql", FEB)]


def test_a_lead_first_known_by_its_deal_is_as_old_as_the_deal(import_):
    import_(mql_at=MAR, won_at=APR)

    assert Lead.objects.get().created_at == MAR


def test_an_earlier_creation_wins_a_later_one_does_not(import_):
    import_(created_at=FEB)

    assert import_(created_at=MAR).status == "unchanged"
    assert import_(created_at=JAN).status == "updated"
    assert Lead.objects.get().created_at == JAN


def test_history_never_lowers_a_lead(now, starter):
    lead = LeadFactory(email="ada@bar.de", stage=Stage.SQL)
    StageChangeFactory(lead=lead, from_stage="lead", to_stage=Stage.SQL, at=now)

    upsert_leads([LeadItem(email="ada@bar.de", mql_at=FEB)], now=now, actor=None, source=ChangeSource.IMPORT)

    lead.refresh_from_db()
    assert lead.stage == Stage.SQL
    assert entries()[1:] == [("", "mql", FEB)]


@pytest.mark.parametrize(
    ("stage", "field", "after"),
    [
        (Stage.LEAD, "lost_at", Stage.LOST),
        (Stage.OPPORTUNITY, "lost_at", Stage.LOST),
        (Stage.CUSTOMER, "lost_at", Stage.CUSTOMER),
        (Stage.DISQUALIFIED, "mql_at", Stage.DISQUALIFIED),
        (Stage.DISQUALIFIED, "won_at", Stage.CUSTOMER),
        (Stage.LOST, "won_at", Stage.CUSTOMER),
    ],
)
def test_where_a_lead_stands_after_its_history(now, starter, stage, field, after):
    LeadFactory(email="ada@bar.de", stage=stage)

    upsert_leads(
        [LeadItem(email="ada@bar.de", **{field: APR})], now=now, actor=None, source=ChangeSource.IMPORT
    )

    assert Lead.objects.get().stage == after


def test_two_lines_of_one_file_add_up(now, starter):
    ref = RefItem("olist", "1")
    items = [
        LeadItem(external_ref=ref, mql_at=FEB),
        LeadItem(external_ref=ref, won_at=APR),
        LeadItem(external_ref=ref, won_at=APR),
    ]

    results = upsert_leads(items, now=now + timedelta(days=1), actor=None, source=ChangeSource.IMPORT)

    assert [result.status for result in results] == ["created", "updated", "unchanged"]
    assert [(start, end) for start, end, _ in entries()] == [
        ("", "lead"),
        ("lead", "mql"),
        ("mql", "customer"),
    ]
