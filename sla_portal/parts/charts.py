"""The chart: a picture, the words for who hears it, and the table behind it."""

from collections.abc import Sequence
from datetime import timedelta
from math import ceil, floor, log10
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext

from sla_portal.humanize import Number, say_measured, say_money, say_money_short, say_number, say_percent

Text = str | Promise
MOST_STEPS = 5
MOST_SAID = 12
"""More bars than these have no figure on top: the axis says enough."""
MINUTE, HOUR, DAY = 60, 3600, 86_400
ROUND_LENGTHS = (
    *(MINUTE * minutes for minutes in (5, 10, 15, 30)),
    *(HOUR * hours for hours in (1, 2, 4, 6, 12)),
    *(DAY * days for days in (1, 2, 5, 7, 14, 30, 60, 90, 180, 365)),
)


class Series(Protocol):
    """One row of values, drawn as `bar`, `line` or `step`, or for the table alone (`none`).

    `tone` is a side, a clock state, `ink` or `quiet`. `base` lifts bars off the ground. `ends_in` is written
    where the line ends. `urls` open what a value counts. `unit` is empty where it is the chart's.
    """

    label: Text
    shape: str
    tone: str
    values: Sequence[Number | None]
    base: Sequence[Number]
    urls: Sequence[str]
    ends_in: Text
    is_dashed: bool
    unit: str


class Chart(Protocol):
    """What is drawn. Values are in one `unit`: count, percent (shares), money (in `currency`) or duration (seconds)."""

    key: str
    title: Text
    spoken: Text
    x_label: Text
    x: Sequence[Text]
    series: Sequence[Series]
    unit: str
    currency: str
    target: Number | None
    target_words: Text
    empty: Text


def chart(chart: Chart) -> dict[str, Any]:
    """A figure of `chart`; where it has no value at all, its `empty` words instead."""
    drawn = [series for series in chart.series if series.shape != "none"]
    is_empty = not any(value for series in drawn for value in series.values)
    return {
        "chart": chart,
        "is_empty": is_empty,
        "head": [series.label for series in chart.series],
        "rows": [_row(chart, place) for place in range(len(chart.x))],
        "spec": {} if is_empty else _spec(chart, drawn),
    }


def say(value: Number | None, unit: str, currency: str = "", *, short: bool = False) -> str:
    """A value in its unit: `1,204`, `93%`, `€1,200,000`, `1 h 12 min`; a dash for nothing."""
    if value is None:
        return "–"
    if unit == "percent":
        return say_percent(value)
    if unit == "money":
        return say_money_short(value, currency) if short else say_money(value, currency)
    if unit == "duration":
        return say_measured(timedelta(seconds=float(value)))
    return say_number(value, 0 if float(value).is_integer() else 1)


def _row(chart: Chart, place: int) -> dict[str, Any]:
    cells = [
        {
            "words": say(series.values[place], series.unit or chart.unit, chart.currency),
            "url": series.urls[place] if series.urls and series.values[place] else "",
            "value": series.values[place],
        }
        for series in chart.series
    ]
    return {"label": chart.x[place], "cells": cells}


def _spec(chart: Chart, drawn: Sequence[Series]) -> dict[str, Any]:
    """What the page's script draws. Every word of it is said here, in the viewer's language."""
    highest = max(
        float(value or 0) + float(base)
        for series in drawn
        for value, base in zip(series.values, series.base or [0] * len(series.values), strict=True)
    )
    step, ticks = scale(max(highest, float(chart.target or 0)), chart.unit)
    return {
        "x": [str(label) for label in chart.x],
        "step": step,
        "ticks": [_tick(tick, step, chart) for tick in ticks],
        "top": ticks[-1],
        "series": [_drawn(series, chart) for series in drawn],
        "target": None if chart.target is None else float(chart.target),
        "targetWords": str(chart.target_words),
    }


def _tick(value: float, step: float, chart: Chart) -> str:
    if chart.unit == "duration":
        return _length(value, step)
    return say(value, chart.unit, chart.currency, short=True)


def _length(value: float, step: float) -> str:
    """A length in the unit of the axis's step, so that no two ticks say the same."""
    if not value:
        return "0"
    if step < HOUR:
        return gettext("%(minutes)s min") % {"minutes": say_number(value / MINUTE)}
    if step < DAY:
        return gettext("%(hours)s h") % {"hours": say_number(value / HOUR)}
    return say_measured(timedelta(seconds=value))


def _drawn(series: Series, chart: Chart) -> dict[str, Any]:
    is_said = series.shape == "bar" and not series.base and len(series.values) <= MOST_SAID
    return {
        "name": str(series.label),
        "shape": series.shape,
        "tone": series.tone,
        "values": [None if value is None else float(value) for value in series.values],
        "base": [float(value) for value in series.base],
        "urls": list(series.urls),
        "said": [_on_top(value, chart) for value in series.values] if is_said else [],
        "end": str(series.ends_in),
        "dashed": series.is_dashed,
    }


def _on_top(value: Number | None, chart: Chart) -> str:
    return say(value, chart.unit, chart.currency, short=True) if value else ""


def scale(highest: float, unit: str) -> tuple[float, list[float]]:
    """Step and ticks of an axis from zero to at least `highest`, in round numbers of the unit."""
    step = _step(highest, unit)
    count = max(1, ceil(highest / step - 1e-9))
    return step, [place * step for place in range(count + 1)]


def _step(highest: float, unit: str) -> float:
    if unit == "duration":
        return next((size for size in ROUND_LENGTHS if highest <= size * MOST_STEPS), ROUND_LENGTHS[-1] * 2.0)
    if highest <= 0:
        return 1.0
    rough = highest / MOST_STEPS
    power = 10.0 ** floor(log10(rough))
    sizes = (1, 2, 5, 10) if unit == "count" else (1, 2, 2.5, 5, 10)
    found = next(power * by for by in sizes if rough <= power * by * (1 + 1e-9))
    return max(found, 1.0) if unit == "count" else found
