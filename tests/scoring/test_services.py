"""Scores as they are written, by the one statement."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agreements.models import Version, VersionState
from leads.models import ChangeSource, StageChange
from leads.stages import Stage
from scoring import extensions, services
from scoring.models import LeadScore, ScoreChange
from scoring.services import rescore, rescore_all, rescore_stale
from tests.factories.scoring import (
    act,
    acts,
    fit,
    gate,
    interest,
    lead_under,
    score_of,
    scored_by,
    when,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("alone"), pytest.mark.outside]
DAY = timedelta(days=1)

CHIEF = fit("fit-chief", 45, when("job_title", "contains", "chief"))
LARGE = fit("fit-large", 30, when("company.employees", "at_least", 200), when("company.country", "is", "DE"))
STUDENT = fit("fit-student", -50, when("job_title", "contains", "student"))
PAGE = interest("interest-page", "page_view", 10, half_life_days=14, cap=25)
PRICES = interest("interest-prices", "page_view", 8, when("page", "starts_with", "/prices"), half_life_days=7)
DEMO = interest("interest-demo", "demo_request", 40)
LEFT = interest("interest-left", "unsubscribe", -30, half_life_days=90, cap=40)
RULES = (CHIEF, LARGE, STUDENT, PAGE, PRICES, DEMO, LEFT)


def score(*leads, now, **more):
    return rescore([lead.pk for lead in leads], now=now, actor=None, **more)


# --- One lead ---------------------------------------------------------------------------------------------


def test_rescore_adds_fit_and_decayed_interest_and_says_why(now):
    version = scored_by(*RULES, now=now)
    lead = lead_under(
        version, now=now, job_title="CHIEF of staff", company={"employees": 300, "country": "DE"}
    )
    acts(lead, "page_view", 3, now=now, days_ago=14)
    act(lead, "page_view", now - 7 * DAY, page="/prices/small")
    act(lead, "demo_request", now - 400 * DAY)

    assert score(lead, now=now) == 1

    worth_of_pages = 10 * (3 * 0.5 + 0.5**0.5)
    assert score_of(lead) == (75, round(worth_of_pages + 4 + 40), "A1", True, True)
    [change] = ScoreChange.objects.filter(lead=lead)
    assert (change.version_id, change.at) == (version.pk, now)
    assert (change.fit_before, change.interest_before, change.grade_before) == (0, 0, "")
    assert (change.qualified_before, change.qualifies) == (False, True)
    assert change.receipt == {
        "fit": ["fit-chief", "fit-large"],
        "interest": {
            "interest-page": round(worth_of_pages, 2),
            "interest-prices": 4.0,
            "interest-demo": 40.0,
        },
        "excluded": [],
    }


def test_rescore_caps_each_rule_and_holds_each_dimension_in_its_range(now):
    version = scored_by(*RULES, now=now)
    capped, low, high = (lead_under(version, now=now, job_title=title) for title in ("", "student", "chief"))
    acts(capped, "page_view", 9, now=now)
    acts(low, "unsubscribe", 4, now=now)
    acts(high, "demo_request", 4, now=now)

    score(capped, low, high, now=now)

    assert score_of(capped) == (0, 25, "D3", False, True)
    assert score_of(low) == (0, 0, "D4", False, True)
    assert score_of(high) == (45, 100, "C1", True, False)


def test_rescore_counts_neither_machines_nor_other_kinds_of_activity(now):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now)
    act(lead, "page_view", now, human=False)
    act(lead, "page_view_of_another_kind", now)
    act(lead, "demo_request", now + 2 * DAY)

    score(lead, now=now)

    assert score_of(lead) == (0, 40, "D2", False, False)


def test_rescore_of_what_lies_ahead_counts_it_in_full(now):
    version = scored_by(PAGE, now=now)
    lead = lead_under(version, now=now)
    act(lead, "page_view", now + 14 * DAY)

    score(lead, now=now)

    assert score_of(lead) == (0, 10, "D4", False, True)


def test_rescore_survives_an_age_of_thousands_of_half_lives(now):
    version = scored_by(interest("interest-page", "page_view", 10, half_life_days=1), now=now)
    lead = lead_under(version, now=now)
    act(lead, "page_view", now - 9000 * DAY)

    score(lead, now=now)

    assert score_of(lead) == (0, 0, "D4", False, False)


def test_rescore_by_more_rules_than_a_function_takes_arguments(now):
    many_fit = [fit(f"fit-{n}", 1) for n in range(130)]
    many = [interest(f"interest-{n}", "page_view", 1, half_life_days=14) for n in range(130)]
    version = scored_by(*many_fit, *many, now=now, fit_range=(0, 500), interest_range=(0, 500))
    lead = lead_under(version, now=now)
    act(lead, "page_view", now)

    score(lead, now=now)

    assert score_of(lead) == (130, 130, "A1", True, True)
    receipt = ScoreChange.objects.get(lead=lead).receipt
    assert (len(receipt["fit"]), sum(receipt["interest"].values())) == (130, 130)


def test_rescore_by_a_version_without_rules_of_activity(now):
    version = scored_by(CHIEF, now=now)
    lead = lead_under(version, now=now, job_title="chief")

    score(lead, now=now)

    assert score_of(lead) == (45, 0, "C4", False, False)


def test_rescore_again_changes_nothing(now, heard):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now, job_title="chief")
    acts(lead, "page_view", 2, now=now)
    score(lead, now=now)

    assert score(lead, now=now) == 0

    assert ScoreChange.objects.count() == 1
    assert LeadScore.objects.get().scored_at == now
    assert [told["lead_ids"] for told in heard] == [[lead.pk], [lead.pk]]


def test_rescore_leaves_the_row_of_an_unchanged_score_alone(now):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now, job_title="chief")
    score(lead, now=now)
    before = row_version()

    score(lead, now=now + 30 * DAY)

    assert row_version() == before


def row_version():
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid, xmin FROM scoring_leadscore")
        return cursor.fetchall()


def test_rescore_ignores_ids_that_do_not_exist(now, heard):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now)

    assert rescore([lead.pk + 1000, lead.pk, lead.pk], now=now, actor=None) == 1
    assert rescore([], now=now, actor=None) == 0
    assert [told["lead_ids"] for told in heard] == [[lead.pk], []]


# --- Stages -----------------------------------------------------------------------------------------------


def test_rescore_makes_an_mql_citing_the_qualification_and_tells_of_it_once(now, heard):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now, job_title="Chief", company={"employees": 300, "country": "DE"})
    demo = act(lead, "demo_request", now)

    score(lead, now=now, activity_ids=[demo.pk])
    score(lead, now=now)

    lead.refresh_from_db()
    assert lead.stage == Stage.MQL
    [change] = StageChange.objects.filter(lead=lead)
    assert (change.from_stage, change.to_stage, change.at) == (Stage.LEAD, Stage.MQL, now)
    assert (change.version_id, change.clause_key) == (version.pk, "mql-threshold")
    assert (change.source, change.actor) == (ChangeSource.RULE, None)
    told = {"lead_ids": [lead.pk], "now": now, "actor": None}
    assert heard == [
        told | {"activity_ids": [demo.pk], "qualified_ids": [lead.pk]},
        told | {"activity_ids": [], "qualified_ids": []},
    ]


@pytest.mark.parametrize(
    "stage", [Stage.MQL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER, Stage.LOST, Stage.DISQUALIFIED]
)
def test_rescore_moves_no_lead_that_is_above_or_off_the_ladder(now, heard, stage):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now, job_title="chief", stage=stage)
    acts(lead, "demo_request", 2, now=now)

    score(lead, now=now)

    lead.refresh_from_db()
    assert score_of(lead) == (45, 80, "C1", True, False)
    assert (lead.stage, heard[0]["qualified_ids"]) == (stage, [])


def test_rescore_leaves_out_whoever_meets_any_exclusion(now, heard):
    unless = gate(
        "mql-threshold", ["C1"], when("email_domain", "is", "rival.example"), when("source", "is", "bought")
    )
    version = scored_by(CHIEF, DEMO, now=now, gates=[unless])
    emails = {"a@rival.example": "web", "b@firm.example": "bought", "c@firm.example": "web"}
    leads = [
        lead_under(version, now=now, job_title="chief", email=email, source=source)
        for email, source in emails.items()
    ]
    for lead in leads:
        acts(lead, "demo_request", 2, now=now)

    score(*leads, now=now)

    assert [score_of(lead) for lead in leads] == [
        (45, 80, "C1", False, False),
        (45, 80, "C1", False, False),
        (45, 80, "C1", True, False),
    ]
    assert heard[0]["qualified_ids"] == [leads[2].pk]
    receipts = dict(ScoreChange.objects.values_list("lead__email", "receipt__excluded"))
    assert receipts == {
        "a@rival.example": ["mql-threshold"],
        "b@firm.example": ["mql-threshold"],
        "c@firm.example": [],
    }


def test_rescore_cites_the_first_of_several_qualifications_that_is_open(now):
    gates = [
        gate("mql-best", ["C1"], when("source", "is", "bought")),
        gate("sql-threshold", ["C1", "D1"], stage="sql"),
        gate("mql-more", ["C1", "D1"]),
    ]
    version = scored_by(CHIEF, DEMO, now=now, gates=gates)
    leads = [
        lead_under(version, now=now, job_title="chief"),
        lead_under(version, now=now, job_title="chief", source="bought"),
        lead_under(version, now=now),
    ]
    for lead in leads:
        acts(lead, "demo_request", 2, now=now)

    score(*leads, now=now)

    cited = dict(StageChange.objects.values_list("lead_id", "clause_key"))
    assert [cited[lead.pk] for lead in leads] == ["mql-best", "mql-more", "mql-more"]


def test_rescore_makes_no_mql_of_a_lead_on_hold_until_the_hold_ends(now, heard, monkeypatch):
    version = scored_by(*RULES, now=now)
    held, free = (lead_under(version, now=now, job_title="chief") for _ in range(2))
    for lead in (held, free):
        acts(lead, "demo_request", 2, now=now)
    monkeypatch.setattr(
        extensions, "holds", [lambda ids, at: [held.pk] if at < now + DAY else [], lambda ids, at: []]
    )

    score(held, free, now=now)
    held.refresh_from_db()
    assert (held.stage, heard[0]["qualified_ids"]) == (Stage.LEAD, [free.pk])

    rescore_stale(now=now + 2 * DAY, actor=None)
    held.refresh_from_db()
    assert (held.stage, heard[1]["qualified_ids"]) == (Stage.MQL, [held.pk])


def test_rescore_tells_of_no_lead_that_the_definition_of_an_mql_refuses(now, heard, starter_definitions):
    version = scored_by(*RULES, now=now, definitions=starter_definitions("email", "is_set"))
    lead = lead_under(version, now=now, job_title="chief", email=None)
    acts(lead, "demo_request", 2, now=now)

    score(lead, now=now)

    lead.refresh_from_db()
    assert (lead.stage, heard[0]["qualified_ids"]) == (Stage.LEAD, [])
    assert score_of(lead) == (45, 80, "C1", True, False)


# --- Several agreements and versions ----------------------------------------------------------------------


def test_rescore_scores_each_lead_by_its_own_agreement(now, heard):
    ours = scored_by(CHIEF, DEMO, now=now)
    theirs = scored_by(
        fit("fit-any", 60), interest("interest-demo", "demo_request", 5), now=now, slug="south"
    )
    leads = [lead_under(version, now=now, job_title="chief") for version in (ours, theirs, ours, theirs)]
    for lead in leads:
        act(lead, "demo_request", now)

    score(*leads, now=now)

    assert [score_of(lead)[:3] for lead in leads] == [(45, 40, "C2"), (60, 5, "B4")] * 2
    assert [row.version_id for row in LeadScore.objects.order_by("lead")] == [ours.pk, theirs.pk] * 2
    assert len(heard) == 1
    assert heard[0]["lead_ids"] == [lead.pk for lead in leads]


def test_rescore_takes_the_score_away_where_no_version_is_in_force(now):
    version = scored_by(CHIEF, now=now)
    lead, never = lead_under(version, now=now, job_title="chief"), lead_under(None, now=now)
    score(lead, never, now=now)
    Version.objects.filter(pk=version.pk).update(state=VersionState.SUPERSEDED)

    assert score(lead, never, now=now + DAY) == 1
    assert score(lead, never, now=now + DAY) == 0

    assert not LeadScore.objects.exists()
    last = ScoreChange.objects.latest("id")
    assert (last.lead_id, last.version_id, last.at) == (lead.pk, None, now + DAY)
    assert (last.fit_before, last.grade_before, last.fit, last.grade) == (45, "C4", 0, "")


def test_rescore_by_a_new_version_that_gives_the_same_notes_the_version_without_a_change(now):
    first = scored_by(CHIEF, now=now)
    lead = lead_under(first, now=now, job_title="chief")
    score(lead, now=now)
    second = scored_by(CHIEF, DEMO, now=now)

    assert score(lead, now=now + DAY) == 0

    assert LeadScore.objects.get().version_id == second.pk
    assert ScoreChange.objects.count() == 1


# --- All leads, and the sweep -----------------------------------------------------------------------------


def test_rescore_all_is_the_same_in_batches_as_one_by_one(now, monkeypatch, heard):
    version = scored_by(*RULES, now=now)
    leads = [lead_under(version, now=now, job_title="chief" if n % 2 else "") for n in range(7)]
    for n, lead in enumerate(leads):
        acts(lead, "page_view", n, now=now, days_ago=3 * n)
    for lead in leads:
        score(lead, now=now)
    one_by_one = [score_of(lead) for lead in leads]
    LeadScore.objects.all().delete()
    heard.clear()
    monkeypatch.setattr(services, "BATCH", 3)

    assert rescore(None, now=now, actor=None) == 7

    assert [score_of(lead) for lead in leads] == one_by_one
    ids = [lead.pk for lead in leads]
    assert [told["lead_ids"] for told in heard] == [ids[:3], ids[3:6], ids[6:]]


def test_rescore_all_of_one_agreement_leaves_the_others(now):
    ours, theirs = scored_by(CHIEF, now=now), scored_by(CHIEF, now=now, slug="south")
    mine, other = lead_under(ours, now=now), lead_under(theirs, now=now)

    assert rescore_all(now=now, actor=None, agreement_id=theirs.agreement_id) == 1

    assert (score_of(mine), score_of(other) is not None) == (None, True)


def test_rescore_stale_finds_what_decayed_and_stops_at_half_a_point(now):
    version = scored_by(PAGE, DEMO, now=now)
    lead = lead_under(version, now=now)
    acts(lead, "page_view", 2, now=now)
    act(lead, "demo_request", now)
    score(lead, now=now)

    seen = []
    for days in (0.1, 1, 14, 14.1, 56, 70, 80, 90):
        rescore_stale(now=now + days * DAY, actor=None)
        seen.append((score_of(lead)[1], score_of(lead)[4]))

    assert seen == [
        (60, True),
        (59, True),
        (50, True),
        (50, True),
        (41, True),
        (41, True),
        (40, False),
        (40, False),
    ]


def test_rescore_stale_run_twice_does_nothing_the_second_time(now, heard):
    version = scored_by(PAGE, DEMO, now=now)
    lead = lead_under(version, now=now)
    acts(lead, "page_view", 2, now=now)
    score(lead, now=now)
    heard.clear()

    assert rescore_stale(now=now + 14 * DAY, actor=None) == 1
    assert rescore_stale(now=now + 14 * DAY, actor=None) == 0
    assert len(heard) == 1


def test_rescore_stale_moves_on_when_nothing_changed(now, heard):
    version = scored_by(interest("interest-page", "page_view", 10, half_life_days=9999), now=now)
    lead = lead_under(version, now=now)
    act(lead, "page_view", now)
    score(lead, now=now)
    heard.clear()

    later = now + services.STALE_AFTER + timedelta(minutes=1)
    assert rescore_stale(now=later, actor=None) == 0
    assert rescore_stale(now=later, actor=None) == 0

    assert len(heard) == 1
    assert LeadScore.objects.get().scored_at == later


def test_rescore_stale_finds_scores_of_a_version_that_is_not_in_force_and_missing_ones(now, monkeypatch):
    monkeypatch.setattr(services, "BATCH", 2)
    first = scored_by(CHIEF, now=now)
    leads = [lead_under(first, now=now, job_title="chief") for _ in range(5)]
    score(*leads[:4], now=now)
    second = scored_by(fit("fit-chief", 30, when("job_title", "contains", "chief")), now=now)

    assert rescore_stale(now=now, actor=None) == 5
    assert rescore_stale(now=now, actor=None) == 0

    assert {score_of(lead)[:3] for lead in leads} == {(30, 0, "C4")}
    assert set(LeadScore.objects.values_list("version", flat=True)) == {second.pk}


def test_rescore_stale_stopped_half_way_goes_on_where_it_was(now, monkeypatch):
    monkeypatch.setattr(services, "BATCH", 2)
    version = scored_by(CHIEF, now=now)
    leads = [lead_under(version, now=now, job_title="chief") for _ in range(6)]
    real, batches = services._score, []

    def fail_on_the_second(locked, **more):
        batches.append(list(locked))
        if len(batches) == 2:
            raise KeyboardInterrupt
        return real(locked, **more)

    monkeypatch.setattr(services, "_score", fail_on_the_second)
    with pytest.raises(KeyboardInterrupt):
        rescore_stale(now=now, actor=None)
    assert LeadScore.objects.count() == 2

    assert rescore_stale(now=now, actor=None) == 4
    assert batches == [[lead.pk for lead in leads[i : i + 2]] for i in (0, 2, 2, 4)]


# --- How much the database is asked -----------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 60])
def test_rescore_asks_as_often_for_many_leads_as_for_one(now, count):
    version = scored_by(*RULES, now=now)
    leads = [lead_under(version, now=now, job_title="chief") for _ in range(count)]
    score(*leads, now=now)
    for lead in leads:
        act(lead, "page_view", now)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert score(*leads, now=now) == count

    asked = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(asked) == 3, asked  # lock, versions in force, score


def test_rescore_that_makes_mqls_asks_as_often_for_many_as_for_one(now):
    version = scored_by(*RULES, now=now)
    leads = [lead_under(version, now=now, job_title="chief") for _ in range(60)]
    for lead in leads:
        acts(lead, "demo_request", 2, now=now)
    score(lead_under(version, now=now), now=now)

    with CaptureQueriesContext(connection) as for_one:
        score(leads[0], now=now)
    with CaptureQueriesContext(connection) as for_many:
        score(*leads[1:], now=now)

    assert len(for_one) == len(for_many)
    assert StageChange.objects.filter(to_stage=Stage.MQL).count() == 60
