"""Charts and tables of figures: pure. A chart is what `sla_portal.parts.charts.Chart` lists; a table is a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kpis.selectors.figures import Figure, Point, SliceFigures
from kpis.selectors.plan import FunnelStep, Waterfall
from kpis.selectors.promises import Promise
from kpis.selectors.slices import Slice

Text = str | Lazy
Link = Callable[..., str]
"""The address of the facts behind a figure: of a measure, a part and a slice."""


@dataclass(frozen=True)
class Series:
    label: Text
    shape: str
    tone: str
    values: Sequence[float | None]
    base: Sequence[float] = ()
    urls: Sequence[str] = ()
    ends_in: Text = ""
    is_dashed: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Chart:
    key: str
    title: Text
    spoken: Text
    x_label: Text
    x: Sequence[Text]
    series: Sequence[Series]
    unit: str = "count"
    currency: str = ""
    target: float | None = None
    target_words: Text = ""
    empty: Text = field(default="")


# --- Leads against plan -------------------------------------------------------------------------------------


def waterfall_chart(found: Waterfall, link: Link) -> Chart:
    """MQLs day by day on top of each other, and the line that leads to the promise."""
    days = found.days
    totals = [None if each.total is None else float(each.total) for each in days]
    gains = [None if each.count is None else float(each.count) for each in days]
    base = [(total or 0) - (gain or 0) for total, gain in zip(totals, gains, strict=True)]
    series = [
        Series(
            _("That day"),
            "bar",
            "marketing",
            gains,
            base=base,
            urls=[link("mqls", cut=Slice("day", each.day.isoformat())) for each in days],
        ),
        Series(_("So far"), "step", "marketing", totals, ends_in=_number(found.total)),
    ]
    if found.target is not None:
        planned = [None if each.planned is None else round(each.planned, 1) for each in days]
        words = _("plan %(target)s") % {"target": _number(found.target)}
        series.append(Series(_("Plan"), "line", "ink", planned, ends_in=words, is_dashed=True))
    return Chart(
        key="waterfall",
        title=_("MQLs against plan, by day"),
        spoken=_spoken_waterfall(found),
        x_label=_("Day"),
        x=[_day(each.day) for each in days],
        series=series,
        empty=_("No MQLs yet."),
    )


def _spoken_waterfall(found: Waterfall) -> str:
    last = next((each for each in reversed(found.days) if each.total is not None), None)
    if last is None:
        return _("The period has not begun.")
    said = ngettext("%(count)s MQL by %(day)s", "%(count)s MQLs by %(day)s", found.total) % {
        "count": _number(found.total),
        "day": _day(last.day),
    }
    if found.target is None or last.planned is None:
        return said
    return _("%(said)s; the plan asks for %(planned)s by then and %(target)s in all") % {
        "said": said,
        "planned": _number(last.planned),
        "target": _number(found.target),
    }


# --- Speed --------------------------------------------------------------------------------------------------


def speed_chart(key: str, points: Sequence[Point], link: Link) -> Chart:
    """Median and 90th percentile of a duration, week by week."""
    half = [_seconds(point.figure.p50) for point in points]
    most = [_seconds(point.figure.p90) for point in points]
    counts = [float(point.figure.spread.count if point.figure.spread else 0) for point in points]
    title = points[0].figure.measure.label if points else ""
    series = (
        [
            Series(_("Half within"), "line", "sales", half, ends_in=_("half")),
            Series(_("9 of 10 within"), "line", "quiet", most, ends_in=_("9 of 10")),
            Series(
                _("Measured"),
                "none",
                "ink",
                counts,
                urls=[link(key, cut=Slice("week", point.day.isoformat())) for point in points],
                unit="count",
            ),
        ]
        if points
        else []
    )
    return Chart(
        key=key,
        title=_("%(measure)s by week") % {"measure": title},
        spoken=_("Median and 90th percentile by week; the table has every value"),
        x_label=_("Week of"),
        x=[_day(point.day) for point in points],
        series=series,
        unit="duration",
        empty=_("No first attempts yet."),
    )


# --- Attempts -----------------------------------------------------------------------------------------------


def attempts_chart(rows: Sequence[SliceFigures], link: Link) -> Chart:
    """How many handoffs ended after how many attempts."""
    found = {int(row.slice.value): row.figures["attempts"] for row in rows if row.slice.value}
    numbers = range(1, max(found, default=0) + 1)
    counts = [float(found[n].denominator or 0) if n in found else 0.0 for n in numbers]
    urls = [link("attempts", "denominator", Slice("tries", str(n))) for n in numbers]
    return Chart(
        key="attempts",
        title=_("Attempts for each lead"),
        spoken=_("Handoffs that ended, by the number of attempts made"),
        x_label=_("Attempts"),
        x=[_number(n) for n in numbers],
        series=[Series(_("Handoffs"), "bar", "sales", counts, urls=urls)],
        empty=_("No handoff that was tried has ended yet."),
    )


def spacing_chart(rows: Sequence[SliceFigures], link: Link) -> Chart:
    """How long after the attempt before the second, third, … came."""
    ordered = [row for row in rows if row.slice.value]
    figures = [row.figures["attempt-spacing"] for row in ordered]
    return Chart(
        key="spacing",
        title=_("Time between attempts"),
        spoken=_("Median time since the attempt before, by the number of the attempt"),
        x_label=_("Attempt"),
        x=[_number(int(row.slice.value)) for row in ordered],
        series=[
            Series(_("Half within"), "bar", "sales", [_seconds(each.p50) for each in figures]),
            Series(_("9 of 10 within"), "none", "quiet", [_seconds(each.p90) for each in figures]),
            Series(
                _("Attempts"),
                "none",
                "ink",
                [float(each.spread.count if each.spread else 0) for each in figures],
                urls=[link("attempt-spacing", cut=row.slice) for row in ordered],
                unit="count",
            ),
        ],
        unit="duration",
        empty=_("No second attempts yet."),
    )


# --- Tables as files ----------------------------------------------------------------------------------------

Table = tuple[Sequence[str], list[list[Any]]]
"""Headings, as programs like them, and raw values: days as ISO 8601, durations in hours, shares from 0 to 1."""


def waterfall_table(found: Waterfall) -> Table:
    rows = [[each.day.isoformat(), each.count, each.total, each.planned] for each in found.days]
    return ("day", "mqls", "total", "planned_total"), [[_plain(cell) for cell in row] for row in rows]


def funnel_table(steps: Sequence[FunnelStep]) -> Table:
    head = ("stage", "count", "planned", "rate_numerator", "rate_denominator", "rate", "planned_rate")
    rows = []
    for each in steps:
        rate = each.rate
        told = (rate.numerator, rate.denominator, rate.value) if rate else (None, None, None)
        row = [each.figure.measure.key, each.figure.numerator, each.planned, *told, each.planned_rate]
        rows.append([_plain(cell) for cell in row])
    return head, rows


def speed_table(found: dict[str, list[Point]]) -> Table:
    rows = [
        [
            point.day.isoformat(),
            key,
            point.figure.spread and point.figure.spread.count,
            *_spread(point.figure),
        ]
        for key, points in found.items()
        for point in points
    ]
    return ("week_of", "measure", "count", "median_hours", "p90_hours"), rows


def slices_table(rows: Sequence[SliceFigures], by: str, keys: Sequence[str]) -> Table:
    head = [by, "label"]
    for key in keys:
        name = key.replace("-", "_")
        head += [f"{name}_numerator", f"{name}_denominator", name]
    return head, [
        [
            row.slice.value,
            row.slice.label,
            *(
                _plain(cell)
                for key in keys
                for cell in (row.figures[key].numerator, row.figures[key].denominator, row.figures[key].value)
            ),
        ]
        for row in rows
    ]


def promises_table(found: Sequence[Promise]) -> Table:
    head = (
        "clause", "title", "side", "measure", "unit", "from", "to", "target", "value", "expected", "forecast",
        "state", "numerator", "denominator",
    )  # fmt: skip
    return head, [
        [
            each.clause.key,
            each.clause.title,
            getattr(each.clause, "side", "shared"),
            each.figure.measure.key,
            each.clause.unit,
            each.scope.starts_on.isoformat(),
            each.scope.ends_on.isoformat(),
            *(_plain(amount) for amount in (each.target, each.value, each.expected, each.forecast)),
            each.state.value,
            _plain(each.figure.numerator),
            _plain(each.figure.denominator),
        ]
        for each in found
    ]


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return _hours(value)
    if isinstance(value, int | str):
        return value
    return round(float(value), 4)


def _spread(figure: Figure) -> list[Any]:
    return [_plain(figure.p50), _plain(figure.p90)]


def _hours(length: timedelta) -> float:
    return round(length.total_seconds() / 3600, 4)


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()


def _number(value: float) -> str:
    return number_format(round(value), 0, force_grouping=True)


def _day(day: date) -> str:
    return date_format(day, "j M")
