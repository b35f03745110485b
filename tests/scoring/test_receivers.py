"""How scoring comes about: by leads that come and act, by versions, by time."""

from datetime import timedelta
from unittest import mock

import pytest
from kombu.exceptions import OperationalError

from leads.models import ChangeSource, Lead
from leads.services import EventItem, LeadItem, LeadKey, append_activities, upsert_leads
from scoring import tasks
from scoring.models import LeadScore, ScoreChange
from scoring.selectors import result_field
from scoring.signals import leads_scored
from tests.factories.scoring import act, fit, interest, lead_under, score_of, scored_by, when

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("alone")]
CHIEF = fit("fit-chief", 50, when("job_title", "contains", "chief"))
DEMO = interest("interest-demo", "demo_request", 40)


def test_leads_are_scored_as_they_are_ingested(now, heard):
    scored_by(CHIEF, DEMO, now=now)
    items = [LeadItem(email=f"lead{n}@firm.example", job_title="chief") for n in range(3)]

    upsert_leads(items, now=now, actor=None, source=ChangeSource.API)

    assert set(LeadScore.objects.values_list("fit", "grade")) == {(50, "B4")}
    assert len(heard) == 1


def test_activities_are_scored_as_they_are_appended_and_told_on(now, heard):
    scored_by(CHIEF, DEMO, now=now)
    upsert_leads(
        [LeadItem(email="a@firm.example", job_title="chief")], now=now, actor=None, source=ChangeSource.API
    )
    events = [
        EventItem(lead=LeadKey(email="a@firm.example"), type="demo_request", occurred_at=now, key="web-1")
    ]

    append_activities(events, now=now, actor=None, source=ChangeSource.API)

    lead = Lead.objects.get()
    assert score_of(lead)[:3] == (50, 40, "B2")
    assert heard[-1]["activity_ids"] == [lead.activities.get().pk]
    assert heard[-1]["qualified_ids"] == [lead.pk]
    assert result_field([lead.pk, 0]) == {lead.pk: {"fit": 50, "interest": 40, "grade": "B2"}}


def test_what_fails_above_undoes_the_score_and_the_lead(now, heard):
    scored_by(CHIEF, now=now)

    def fail(**_):
        raise RuntimeError

    leads_scored.connect(fail)
    with pytest.raises(RuntimeError):
        upsert_leads([LeadItem(email="a@firm.example")], now=now, actor=None, source=ChangeSource.API)

    assert not Lead.objects.exists()
    assert not ScoreChange.objects.exists()


def test_a_new_version_sends_for_the_sweep_once_it_is_committed(now, django_capture_on_commit_callbacks):
    with (
        mock.patch.object(tasks.rescore_decayed, "delay") as delay,
        django_capture_on_commit_callbacks(execute=True),
    ):
        scored_by(CHIEF, now=now)
        delay.assert_not_called()
    delay.assert_called_once_with()


def test_a_new_version_comes_into_force_without_a_broker(now, django_capture_on_commit_callbacks, caplog):
    def fail():
        raise OperationalError("no broker")

    with (
        mock.patch.object(tasks.rescore_decayed, "delay", fail),
        django_capture_on_commit_callbacks(execute=True),
    ):
        version = scored_by(CHIEF, now=now)

    version.refresh_from_db()
    assert version.state == "active"
    assert "no broker" in caplog.text


def test_the_hourly_task_mends_what_time_and_versions_changed(now, monkeypatch):
    version = scored_by(CHIEF, interest("interest-page", "page_view", 16, half_life_days=7), now=now)
    lead = lead_under(version, now=now, job_title="chief")
    act(lead, "page_view", now)
    monkeypatch.setattr(tasks.timezone, "now", lambda: now)
    assert (tasks.rescore_decayed(), tasks.rescore_decayed()) == (1, 0)
    assert score_of(lead) == (50, 16, "B4", False, True)

    monkeypatch.setattr(tasks.timezone, "now", lambda: now + timedelta(days=7))
    assert (tasks.rescore_decayed(), tasks.rescore_decayed()) == (1, 0)
    assert score_of(lead) == (50, 8, "B4", False, True)
