"""The bench of business time: a ratio taken in one run, so it may be a test."""

from __future__ import annotations

import io
import re

import pytest

from sla_portal.bench import business_time


def test_add_is_many_times_faster_than_pandas() -> None:
    pytest.importorskip("pandas")
    printed = io.StringIO()
    business_time.run(printed)
    ratios = dict(re.findall(r"^ *(\d+) h .* ratio +([\d.]+)x$", printed.getvalue(), re.MULTILINE))
    assert {hours: float(ratio) >= business_time.TARGET for hours, ratio in ratios.items()} == {
        "4": True,
        "40": True,
    }


def test_without_pandas_the_bench_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(business_time, "find_spec", lambda name: None)
    printed = io.StringIO()
    business_time.run(printed)
    lines = printed.getvalue().splitlines()
    assert lines[1] == "pandas is not installed: it is a development dependency; ours stand alone"
    assert [re.sub(r"[\d.]+ µs", "N µs", line).split() for line in lines[2:]] == [
        ["4", "h", "ours", "N", "µs"],
        ["40", "h", "ours", "N", "µs"],
    ]
