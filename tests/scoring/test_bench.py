"""The bench of rescoring runs, and the hand-written statement still says what the starter agreement says."""

import io
import re

import pytest

from sla_portal.bench import rescore


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_rescore_comes_to_what_the_hand_written_statement_comes_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_LEADS", "300")
    monkeypatch.setattr(rescore, "ROUNDS_OF_CHANGED", 2)
    printed = io.StringIO()

    rescore.run(printed)

    lines = printed.getvalue().splitlines()
    assert lines[0] == "rescore: 300 leads, 3,000 activities, starter agreement"
    assert [re.sub(r"\d+\.\d+ s", "N s", line).split("  ratio")[0] for line in lines[1:]] == [
        "all leads after a rule changed: ours N s  one statement N s",
        "1,000 leads that changed: ours N s  one statement N s",
    ]
