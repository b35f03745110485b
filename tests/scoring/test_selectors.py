"""Receipts and what else is read of scores."""

from datetime import timedelta

import pytest

from agreements.models import Version, VersionState
from leads.selectors.timeline import timeline
from scoring import extensions, wording
from scoring.models import LeadScore
from scoring.rules import Way
from scoring.selectors import receipt, result_field
from scoring.services import rescore
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

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("alone")]
DAY = timedelta(days=1)
CHIEF = fit("fit-chief", 64, when("job_title", "contains", "chief"))
STUDENT = fit("fit-student", -50, when("job_title", "contains", "student"))
EVERY = fit("fit-every", 5)
PAGE = interest("interest-page", "page_view", 10, half_life_days=14, cap=25)
PRICES = interest("interest-prices", "page_view", 8, when("page", "is", "/prices"))
DEMO = interest("interest-demo", "demo_request", 40)
LEFT = interest("interest-left", "unsubscribe", -30, half_life_days=1, cap=40)
RULES = (CHIEF, STUDENT, EVERY, PAGE, PRICES, DEMO, LEFT)


def lines_of(side):
    return {line.clause.key: (wording.say_signed(line.points), wording.say_line(line)) for line in side.lines}


def test_receipt_says_what_every_rule_gives_and_how(now):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now, job_title="Chief")
    acts(lead, "page_view", 4, now=now, days_ago=7)
    act(lead, "page_view", now - 14 * DAY, page="/prices")
    act(lead, "unsubscribe", now - DAY)

    found = receipt(lead.pk, now)

    assert lines_of(found.fit) == {
        "fit-chief": ("+64", "job title contains chief"),
        "fit-student": ("0", "job title contains student"),
        "fit-every": ("+5", "every lead"),
    }
    assert lines_of(found.interest) == {
        "interest-page": ("+25", "5 × 10 = 50, halved every 14 days: 33.3 left, at most 25 in all"),
        "interest-prices": ("+8", "8 (if page is /prices)"),
        "interest-demo": ("0", "40 each"),
        "interest-left": ("−15", "−30, halved every day: −15 left"),
    }
    by_key = {line.clause.key: line for line in (*found.fit.lines, *found.interest.lines)}
    assert by_key["interest-page"].latest_at == now - 7 * DAY
    assert by_key["interest-page"].clause.url.endswith("#interest-page")
    assert by_key["interest-page"].clause.number == version.number
    assert (found.score.fit, found.score.interest, found.score.grade) == (69, 18, "B4")


def test_receipt_is_the_score_as_it_is_written(now):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now, job_title="Chief student")
    acts(lead, "page_view", 1, now=now, days_ago=3)
    rescore([lead.pk], now=now, actor=None)

    found = receipt(lead.pk, now)

    assert (found.score.fit, found.score.interest, found.score.grade) == score_of(lead)[:3]
    assert not found.lags
    assert wording.say_lag(found) == ""


def test_receipt_at_a_later_instant_knows_that_the_stored_score_lags(now):
    version = scored_by(PAGE, now=now)
    lead = lead_under(version, now=now)
    acts(lead, "page_view", 2, now=now)
    rescore([lead.pk], now=now, actor=None)

    found = receipt(lead.pk, now + 14 * DAY)

    assert found.lags
    assert wording.say_lag(found) == (
        "Lists show D3 · 0 + 20, as of 11/02/2026 9:30 a.m.; they follow within hours."
    )


@pytest.mark.parametrize(
    ("title", "demos", "pages", "headline"),
    [
        ("chief", 1, 0, "B2 qualifies for MQL."),
        ("chief", 0, 3, "With 15 interest points more it becomes B2, which qualifies for MQL."),
        (
            "",
            1,
            0,
            "With 45 fit points more it becomes B2, which qualifies for MQL. "
            "With 20 fit and 20 interest points more it becomes C1, which qualifies too.",
        ),
    ],
)
def test_receipt_says_what_is_missing_to_qualify(now, title, demos, pages, headline):
    version = scored_by(
        CHIEF, EVERY, PAGE, DEMO, now=now, gates=[gate("mql-threshold", ["A1", "B2", "C1", "B1"])]
    )
    lead = lead_under(version, now=now, job_title=title)
    acts(lead, "demo_request", demos, now=now)
    acts(lead, "page_view", pages, now=now)

    assert wording.say_headline(receipt(lead.pk, now)) == headline


def test_receipt_says_one_point_as_one(now):
    version = scored_by(CHIEF, interest("interest-page", "page_view", 39), now=now)
    lead = lead_under(version, now=now, job_title="chief")
    act(lead, "page_view", now)

    headline = wording.say_headline(receipt(lead.pk, now))

    assert headline.startswith("With 1 interest point more it becomes B2")


def test_receipt_says_why_a_lead_is_left_out(now):
    unless = [when("job_title", "contains", "student"), when("email_domain", "is", "rival.example")]
    version = scored_by(CHIEF, DEMO, now=now, gates=[gate("mql-threshold", ["B2"], *unless)])
    good = lead_under(version, now=now, job_title="chief student", email="a@rival.example")
    act(good, "demo_request", now)
    poor = lead_under(version, now=now, job_title="student")

    assert wording.say_headline(receipt(good.pk, now)) == (
        "B2 would qualify for MQL, but it is left out: "
        "job title contains student; e-mail domain is rival.example."
    )
    assert wording.say_headline(receipt(poor.pk, now)) == (
        "It cannot qualify for MQL: it is left out, because job title contains student."
    )


def test_receipt_says_when_no_score_can_qualify(now):
    version = scored_by(CHIEF, now=now, gates=[gate("mql-threshold", ["A1"])], interest_range=(0, 50))
    lead = lead_under(version, now=now)

    assert wording.say_headline(receipt(lead.pk, now)) == "No score within the range qualifies it for MQL."


def test_receipt_says_that_a_lead_is_held_back(now, monkeypatch):
    version = scored_by(CHIEF, DEMO, now=now, gates=[gate("mql-threshold", ["B2"])])
    held, above = (lead_under(version, now=now, job_title="chief", stage=stage) for stage in ("lead", "sql"))
    for lead in (held, above):
        act(lead, "demo_request", now)
    until = now + DAY / 2
    monkeypatch.setattr(
        extensions, "holds", [lambda ids, at: {} if at > until else dict.fromkeys(ids, until)]
    )

    assert wording.say_headline(receipt(held.pk, now)) == (
        "B2 qualifies for MQL. Sales gave it back lately: a score alone does not hand it over again before"
        f" {until:%-d %b %H:%M}."
    )
    assert wording.say_headline(receipt(held.pk, now + DAY)) == "B2 qualifies for MQL."
    assert wording.say_headline(receipt(above.pk, now)) == "B2 qualifies for MQL."


def test_receipt_without_a_qualification_has_no_headline(now):
    version = scored_by(CHIEF, now=now, gates=[])
    lead = lead_under(version, now=now)

    assert wording.say_headline(receipt(lead.pk, now)) == ""


def test_receipt_knows_every_qualification(now):
    gates = [gate("mql-threshold", ["B4"]), gate("sql-threshold", ["B1"], stage="sql")]
    version = scored_by(CHIEF, DEMO, now=now, gates=gates)
    lead = lead_under(version, now=now, job_title="chief")

    found = receipt(lead.pk, now)

    assert [(each.clause.key, each.is_met, each.ways) for each in found.requirements] == [
        ("mql-threshold", True, (Way("B4", 0, 0),)),
        ("sql-threshold", False, (Way("B1", 0, 60),)),
    ]
    assert found.for_mql.clause.key == "mql-threshold"


def test_receipt_says_how_far_it_is_to_the_next_letter_and_digit(now):
    version = scored_by(CHIEF, DEMO, now=now)
    lead = lead_under(version, now=now, job_title="chief")
    acts(lead, "demo_request", 2, now=now)

    found = receipt(lead.pk, now)

    assert wording.say_next(found.fit) == "6 fit points more to A"
    assert wording.say_next(found.interest) == ""


@pytest.mark.parametrize(
    ("rules", "total"),
    [
        ((DEMO,), "Sum 40"),
        ((interest("i", "demo_request", 120),), "Sum 120, held at the most it can be, 100"),
        ((interest("i", "demo_request", -7),), "Sum −7, held at the least it can be, 0"),
        ((interest("i", "demo_request", 9, half_life_days=14),), "Sum 4.5, rounded to 5"),
    ],
)
def test_receipt_says_how_the_sum_becomes_the_score(now, rules, total):
    version = scored_by(*rules, now=now)
    lead = lead_under(version, now=now)
    act(lead, "demo_request", now - 14 * DAY)

    assert wording.say_total(receipt(lead.pk, now).interest) == total


def test_receipt_looks_a_week_ahead(now):
    version = scored_by(CHIEF, DEMO, interest("interest-page", "page_view", 20, half_life_days=7), now=now)
    decaying, steady = (lead_under(version, now=now, job_title="chief") for _ in range(2))
    act(decaying, "page_view", now)
    act(steady, "demo_request", now)

    assert wording.say_ahead(receipt(decaying.pk, now)) == (
        "Without new activity it will be B4 · 64 + 10 in 7 days."
    )
    assert wording.say_ahead(receipt(steady.pk, now)) == ""
    rescore([decaying.pk], now=now + 7 * DAY, actor=None)
    assert score_of(decaying)[:3] == (64, 10, "B4")


def test_receipt_lists_what_counts_by_weight(now):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now, job_title="chief")
    acts(lead, "unsubscribe", 1, now=now)
    acts(lead, "page_view", 1, now=now)

    counting = [(line.clause.key, line.points) for line in receipt(lead.pk, now).counting]

    assert counting == [("fit-chief", 64), ("interest-left", -30), ("interest-page", 10), ("fit-every", 5)]


def test_receipt_of_what_nobody_scores_is_none(now):
    version = scored_by(CHIEF, now=now)
    lead, nobodys = lead_under(version, now=now), lead_under(None, now=now)
    Version.objects.filter(pk=version.pk).update(state=VersionState.SUPERSEDED)

    assert (receipt(lead.pk, now), receipt(nobodys.pk, now), receipt(0, now)) == (None, None, None)


def test_receipt_takes_three_queries_however_much_happened(now, django_assert_num_queries):
    version = scored_by(*RULES, now=now)
    lead = lead_under(version, now=now)
    acts(lead, "page_view", 40, now=now)
    rescore([lead.pk], now=now, actor=None)

    with django_assert_num_queries(3):
        receipt(lead.pk, now)


def test_result_field_answers_for_many_in_one_query(now, django_assert_num_queries):
    version = scored_by(CHIEF, now=now)
    leads = [lead_under(version, now=now, job_title="chief") for _ in range(5)]
    ids = [lead.pk for lead in leads]
    rescore(ids[:4], now=now, actor=None)

    with django_assert_num_queries(1):
        found = result_field(ids)
    assert found == {lead_id: {"fit": 64, "interest": 0, "grade": "B4"} for lead_id in ids[:4]}


def test_timeline_tells_of_grades_and_qualifying_but_not_of_points(now):
    version = scored_by(CHIEF, interest("interest-page", "page_view", 10), now=now)
    lead = lead_under(version, now=now, job_title="chief")
    for hour in range(6):
        if hour:
            act(lead, "page_view", now)
        rescore([lead.pk], now=now + timedelta(hours=hour), actor=None)

    told = [(fact.title, fact.clause_key, fact.icon) for fact in timeline(lead.pk) if fact.kind == "score"]
    assert told == [
        ("Score B3 → B2 · 64 + 40, qualifies for MQL", "mql-threshold", "trending-up"),
        ("Score B4 → B3 · 64 + 20", "grade-3", "trending-up"),
        ("Score B4 · 64 + 0", "grade-4", "trending-up"),
    ]


def test_timeline_tells_when_a_lead_qualifies_no_longer_and_when_nothing_scores_it(now):
    version = scored_by(CHIEF, interest("interest-page", "page_view", 45, half_life_days=7), now=now)
    lead = lead_under(version, now=now, job_title="chief")
    act(lead, "page_view", now)
    rescore([lead.pk], now=now, actor=None)
    rescore([lead.pk], now=now + 7 * DAY, actor=None)
    Version.objects.filter(pk=version.pk).update(state=VersionState.SUPERSEDED)
    rescore([lead.pk], now=now + 8 * DAY, actor=None)

    told = [(fact.title, fact.clause_key) for fact in timeline(lead.pk) if fact.kind == "score"]
    assert told == [
        ("No longer scored: no version of its agreement is in force", ""),
        ("Score B2 → B3 · 64 + 23, no longer qualifies for MQL", "mql-threshold"),
        ("Score B2 · 64 + 45, qualifies for MQL", "mql-threshold"),
    ]
    assert not LeadScore.objects.exists()
