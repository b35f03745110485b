"""A real marketplace's leads and deals: what the figures say equals what pandas computes from the files."""

import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from django.conf import settings
from django.core.management import call_command

from kpis.scopes import DAY, Scope
from kpis.selectors import breakdown, figures, series

DATA = Path(settings.BASE_DIR).parent / "shared" / "data" / "olist"
MQLS = DATA / "olist_marketing_qualified_leads_dataset.csv"
DEALS = DATA / "olist_closed_deals_dataset.csv"
MAPPINGS = Path(__file__).parent.parent / "leads"
ZONE = "America/Sao_Paulo"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.skipif(
        not DATA.exists() and not os.environ.get("CI"), reason=f"the Olist data set is not in {DATA}"
    ),
]


def by_month(instants: pd.Series) -> dict[str, int]:
    counted = instants.dt.strftime("%Y-%m-01").value_counts()
    return {str(month): int(count) for month, count in counted.items()}


def test_figures_equal_pandas(tmp_path: Path, settings: Any) -> None:
    """One import, which takes seconds, serves all comparisons."""
    settings.MEDIA_ROOT = tmp_path
    for file, mapping in ((MQLS, "olist_mqls.yaml"), (DEALS, "olist_deals.yaml")):
        call_command("import_leads", str(file), "--mapping", str(MAPPINGS / mapping))
    mqls, deals = (pd.read_csv(file, keep_default_na=False) for file in (MQLS, DEALS))
    mqls["first"] = pd.to_datetime(mqls["first_contact_date"]).dt.tz_localize(
        ZONE, nonexistent="shift_forward"
    )
    deals["won"] = pd.to_datetime(deals["won_date"], utc=True).dt.tz_convert(ZONE)
    both = mqls.merge(deals, on="mql_id", how="left")
    days = [
        mqls["first"].min().date(),
        mqls["first"].max().date(),
        deals["won"].min().date(),
        deals["won"].max().date(),
    ]
    scope = Scope(min(days), max(days), ZoneInfo(ZONE))
    now = scope.end + DAY

    for key, instants in (("mqls", mqls["first"]), ("wins", deals["won"])):
        told = {point.day.isoformat(): point.figure.value for point in series(key, scope, "month", now)}
        assert {day: count for day, count in told.items() if count} == by_month(instants)

    origins = both.groupby("origin")["won"].agg(["count", "size"])
    told_origins = {
        cut.value: (figure.numerator, figure.denominator)
        for cut, figure in breakdown("mqls-to-customers", scope, "source", now)
    }
    assert told_origins == {
        origin: (int(row["count"]), int(row["size"])) for origin, row in origins.iterrows()
    }

    took = (both["won"] - both["first"]).dropna().dt.total_seconds()
    figure = figures(["days-to-win"], scope, now)["days-to-win"]
    assert figure.numerator == len(took) == 842
    assert figure.p50 is not None
    assert figure.p90 is not None
    assert figure.p50.total_seconds() == pytest.approx(took.quantile(0.5), abs=1e-3)
    assert figure.p90.total_seconds() == pytest.approx(took.quantile(0.9), abs=1e-3)
