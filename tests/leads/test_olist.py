"""The leads and deals of a real marketplace, through the import that users have, compared with what pandas
computes.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from django.conf import settings
from django.core.management import call_command

from handoffs.models import Handoff
from leads.models import ImportJob, Lead, RowError, StageChange
from leads.selectors.history import conversion_by_origin, mqls_by_month, wins_by_month
from leads.stages import Stage

DATA = Path(settings.BASE_DIR).parent / "shared" / "data" / "olist"
MQLS = DATA / "olist_marketing_qualified_leads_dataset.csv"
DEALS = DATA / "olist_closed_deals_dataset.csv"
HERE = Path(__file__).parent
SAO_PAULO = ZoneInfo("America/Sao_Paulo")

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.outside,
    pytest.mark.skipif(
        not DATA.exists() and not os.environ.get("CI"), reason=f"the Olist data set is not in {DATA}"
    ),
]


def import_file(file: Path, mapping: str, *more: str) -> ImportJob:
    call_command("import_leads", str(file), "--mapping", str(HERE / mapping), *more)
    return ImportJob.objects.latest("pk")


@pytest.fixture
def imported() -> Sequence[ImportJob]:
    return import_file(MQLS, "olist_mqls.yaml"), import_file(DEALS, "olist_deals.yaml")


@pytest.fixture
def mqls() -> pd.DataFrame:
    return pd.read_csv(MQLS, keep_default_na=False)


@pytest.fixture
def deals() -> pd.DataFrame:
    return pd.read_csv(DEALS, keep_default_na=False)


def by_month(instants: pd.Series) -> dict[object, int]:
    """Wall-clock dates → first day of the month → how many."""
    counted = instants.dt.to_period("M").value_counts().sort_index()
    return {period.start_time.date(): int(count) for period, count in counted.items()}


def everything() -> list[object]:
    """All that an import may write, in full."""
    return [
        list(Lead.objects.order_by("pk").values()),
        list(StageChange.objects.order_by("pk").values()),
    ]


def test_mqls_by_month_equal_pandas(imported: Sequence[ImportJob], mqls: pd.DataFrame) -> None:
    expected = by_month(pd.to_datetime(mqls["first_contact_date"]))
    assert mqls_by_month(SAO_PAULO) == expected
    assert sum(expected.values()) == 8000


def test_wins_by_month_equal_pandas(imported: Sequence[ImportJob], deals: pd.DataFrame) -> None:
    won = pd.to_datetime(deals["won_date"], utc=True)
    in_brazil = by_month(won.dt.tz_convert("America/Sao_Paulo").dt.tz_localize(None))
    in_utc = by_month(won.dt.tz_localize(None))
    assert wins_by_month(SAO_PAULO) == in_brazil
    assert wins_by_month(ZoneInfo("UTC")) == in_utc
    assert in_brazil != in_utc  # some deal was won in the last hours of a month: the zone matters
    assert sum(in_brazil.values()) == 842


def test_conversion_by_origin_equals_pandas(
    imported: Sequence[ImportJob], mqls: pd.DataFrame, deals: pd.DataFrame
) -> None:
    won = mqls.assign(won=mqls["mql_id"].isin(deals["mql_id"])).groupby("origin")["won"].agg(["size", "sum"])
    found = {row.origin: (row.mqls, row.won) for row in conversion_by_origin()}
    assert found == {origin: (int(row["size"]), int(row["sum"])) for origin, row in won.iterrows()}
    assert found[""][0] == 60  # without an origin; a literal "unknown" is another
    assert sum(won for _, won in found.values()) == 842


def test_each_lead_is_known_by_its_id_with_its_dates(
    imported: Sequence[ImportJob], mqls: pd.DataFrame, deals: pd.DataFrame
) -> None:
    first = pd.to_datetime(mqls["first_contact_date"]).dt.tz_localize(
        "America/Sao_Paulo", nonexistent="shift_forward"
    )
    won = dict(zip(deals["mql_id"], pd.to_datetime(deals["won_date"], utc=True), strict=True))
    expected = {
        mql_id: (at.to_pydatetime(), won[mql_id].to_pydatetime() if mql_id in won else None)
        for mql_id, at in zip(mqls["mql_id"], first, strict=True)
    }
    found: dict[str, tuple[datetime, datetime | None]] = {}
    entries = {
        (lead_id, stage): at
        for lead_id, stage, at in StageChange.objects.values_list("lead", "to_stage", "at")
    }
    refs = Lead.objects.values_list("pk", "external_refs__external_id", "external_refs__system", "email")
    for pk, mql_id, system, email in refs:
        assert (system, email) == ("olist", None)
        found[mql_id] = (entries[pk, Stage.MQL], entries.get((pk, Stage.CUSTOMER)))
    assert found == expected


def test_the_deal_won_before_its_first_contact_is_imported_and_reported(
    imported: Sequence[ImportJob], mqls: pd.DataFrame, deals: pd.DataFrame
) -> None:
    both = deals.merge(mqls, on="mql_id")
    odd = both[pd.to_datetime(both["won_date"]) < pd.to_datetime(both["first_contact_date"])]
    (mql_id,) = odd["mql_id"]
    warning = RowError.objects.get(job=imported[1])
    assert (warning.is_warning, warning.column) == (True, "won_date")
    assert warning.line == deals.index[deals["mql_id"] == mql_id][0] + 2
    assert warning.row[0] == mql_id
    assert "2018-03-06" in warning.reason
    lead = Lead.objects.get(external_refs__external_id=mql_id)
    assert (lead.stage, imported[1].warned, imported[1].failed) == (Stage.CUSTOMER, 1, 0)


def test_the_same_files_again_change_nothing(imported: Sequence[ImportJob]) -> None:
    before = everything()
    again = import_file(MQLS, "olist_mqls.yaml"), import_file(DEALS, "olist_deals.yaml")
    assert [(job.created, job.updated, job.unchanged, job.failed) for job in again] == [
        (0, 0, 8000, 0),
        (0, 0, 842, 0),
    ]
    assert everything() == before


def test_history_triggers_no_handoff(starter: object, imported: Sequence[ImportJob]) -> None:
    assert Lead.objects.count() == 8000
    assert not Handoff.objects.exists()


def test_rehearsal_counts_the_same_and_writes_nothing(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    import_file_dry = ("import_leads", str(MQLS), "--mapping", str(HERE / "olist_mqls.yaml"), "--dry-run")
    call_command(*import_file_dry)
    assert capsys.readouterr().out == (
        "Nothing was changed. Of 8,000 rows: 8,000 created, 0 updated, 0 unchanged, 0 failed; "
        "0 with a warning.\n"
    )
    assert not Lead.objects.exists()
    assert not ImportJob.objects.exists()
