"""No version may name a measure that does not exist, or count it in the wrong unit."""

from datetime import datetime

import pytest

from agreements.models import Version
from agreements.services import load_agreement
from kpis.measures import MEASURES, SPECIAL
from tests.factories.agreements import starter_content


def changed(section: str, key: str, **fields: str) -> dict[str, object]:
    content = starter_content()
    clauses = [clause | fields if clause["key"] == key else clause for clause in content[section]]
    return content | {section: clauses}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("section", "key", "fields", "said"),
    [
        ("goals", "goal-mqls", {"measure": "mqlz"}, "there is no measure “mqlz”"),
        ("kpis", "commitment-quality", {"measure": "nothing"}, "there is no measure “nothing”"),
        ("kpis", "kpi-returns", {"measure": "nothing"}, "there is no measure “nothing”"),
        ("kpis", "commitment-quality", {"unit": "count"}, "the unit of “Handoffs accepted” is"),
        ("kpis", "commitment-mqls", {"measure": "speed-to-lead"}, "is a duration"),
    ],
)
def test_version_with_a_wrong_measure_is_refused(
    section: str, key: str, fields: dict[str, str], said: str, now: datetime
) -> None:
    with pytest.raises(Exception, match=said):
        load_agreement(source=changed(section, key, **fields), now=now, actor=None)
    assert not Version.objects.exists()


def test_starter_names_known_measures_alone() -> None:
    content = starter_content()
    named = {clause["measure"] for clause in (*content["goals"], *content["kpis"]) if "measure" in clause}
    assert named <= set(MEASURES) | set(SPECIAL)
