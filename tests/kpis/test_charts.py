"""Charts and tables of figures."""

from datetime import date, timedelta

from kpis.charts import (
    attempts_chart,
    spacing_chart,
    speed_chart,
    speed_table,
    waterfall_chart,
    waterfall_table,
)
from kpis.measures import measure
from kpis.selectors import Figure, Point, Slice, SliceFigures, Spread, Waterfall, WaterfallDay
from sla_portal.parts.charts import chart, scale

FOUND = Waterfall(
    10.0,
    [
        WaterfallDay(date(2026, 11, 2), 2, 2, 2.5),
        WaterfallDay(date(2026, 11, 3), 3, 5, 5.0),
        WaterfallDay(date(2026, 11, 4), None, None, 10.0),
    ],
)


def link(key: str, part: str = "numerator", cut: Slice | None = None) -> str:
    return f"{key}/{part}/{cut.value if cut else ''}"


def test_waterfall_lifts_each_day_onto_the_days_before() -> None:
    gains, total, plan = waterfall_chart(FOUND, link).series
    assert (gains.values, gains.base) == ([2.0, 3.0, None], [0.0, 2.0, 0])
    assert list(gains.urls) == [f"mqls/numerator/2026-11-0{day}" for day in (2, 3, 4)]
    assert (total.values, total.ends_in) == ([2.0, 5.0, None], "5")
    assert (plan.values, plan.ends_in, plan.is_dashed) == ([2.5, 5.0, 10.0], "plan 10", True)


def test_waterfall_is_said_in_words() -> None:
    said = "5 MQLs by 3 Nov; the plan asks for 5 by then and 10 in all"
    assert waterfall_chart(FOUND, link).spoken == said


def test_waterfall_without_a_promise_has_no_plan() -> None:
    days = [WaterfallDay(day.day, day.count, day.total, None) for day in FOUND.days]
    found = waterfall_chart(Waterfall(None, days), link)
    assert [series.label for series in found.series] == ["That day", "So far"]
    assert found.spoken == "5 MQLs by 3 Nov"


def test_waterfall_as_a_file() -> None:
    head, rows = waterfall_table(FOUND)
    assert head == ("day", "mqls", "total", "planned_total")
    assert rows[0] == ["2026-11-02", 2, 2, 2.5]
    assert rows[2] == ["2026-11-04", "", "", 10.0]


def test_speed_by_week_has_gaps_where_nothing_was_measured() -> None:
    hour = timedelta(hours=1)
    measured = Figure(measure("response-time"), 4, None, Spread(4, hour, 3 * hour))
    nothing = Figure(measure("response-time"), 0, None, Spread(0, None, None))
    points = [Point(date(2026, 11, 2), measured), Point(date(2026, 11, 9), nothing)]
    half, most, count = speed_chart("response-time", points, link).series
    assert (half.values, most.values, count.values) == ([3600.0, None], [10800.0, None], [4.0, 0.0])
    _head, rows = speed_table({"response-time": points})
    assert rows == [
        ["2026-11-02", "response-time", 4, 1.0, 3.0],
        ["2026-11-09", "response-time", 0, "", ""],
    ]


def test_attempts_leave_no_number_out() -> None:
    rows = [
        SliceFigures(
            Slice("tries", str(tries)), {"attempts": Figure(measure("attempts"), tries * count, count)}
        )
        for tries, count in ((4, 2), (1, 5))
    ]
    found = attempts_chart(rows, link)
    assert (found.x, found.series[0].values) == (["1", "2", "3", "4"], [5.0, 0.0, 0.0, 2.0])


def test_nothing_is_said_and_not_drawn() -> None:
    for empty in (attempts_chart([], link), spacing_chart([], link), speed_chart("response-time", [], link)):
        assert chart(empty)["is_empty"]
        assert empty.empty


def test_an_axis_has_round_steps_of_its_unit() -> None:
    hour = 3600.0
    assert scale(59, "count") == (20.0, [0.0, 20.0, 40.0, 60.0])
    assert scale(0, "count") == (1.0, [0.0, 1.0])
    assert scale(3, "count") == (1.0, [0.0, 1.0, 2.0, 3.0])
    assert scale(9 * hour, "duration") == (2 * hour, [place * 2 * hour for place in range(6)])


def test_ticks_of_half_days_are_said_in_hours() -> None:
    hour = timedelta(hours=1)
    figure = Figure(measure("response-time"), 4, None, Spread(4, 30 * hour, 50 * hour))
    found = chart(speed_chart("response-time", [Point(date(2026, 11, 2), figure)], link))
    assert found["spec"]["ticks"] == ["0", "12 h", "24 h", "36 h", "48 h", "60 h"]
    assert found["rows"][0]["cells"][0]["words"] == "1.3 days"
