"""The database's statement and the plain arithmetic of `scoring.rules` come to the same, whatever the rules."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from leads.models import Activity, Lead
from scoring import selectors
from scoring.models import LeadScore, ScoreChange
from scoring.rules import FitRule, Gate, InterestRule, Limits, Scheme, Step, score, tally
from scoring.services import rescore
from tests.factories.scoring import fit, gate, interest, lead_under, scored_by, when

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("alone"), pytest.mark.outside]
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
TYPES = ("page_view", "demo_request", "unsubscribe")
TITLES = ("", "Chief officer", "Student", "chief student")
PAGES = ("", "/prices", "/home")

points = st.integers(-60, 60).filter(bool)
caps = st.none() | st.integers(1, 80)
half_lives = st.none() | st.integers(1, 120)
fit_rules = st.lists(st.tuples(points, st.sampled_from(["chief", "student"])), max_size=4)
interest_rules = st.lists(
    st.tuples(st.sampled_from(TYPES), points, half_lives, caps, st.none() | st.sampled_from(PAGES[1:])),
    max_size=6,
)
ranges = st.tuples(st.integers(-50, 10), st.integers(40, 150))
thresholds = st.lists(st.integers(-40, 120), min_size=3, max_size=3, unique=True).map(
    lambda steps: sorted(steps, reverse=True)
)
cells = st.lists(
    st.sampled_from([a + b for a in "ABCD" for b in "1234"]), min_size=1, max_size=8, unique=True
)
activities = st.lists(
    st.tuples(
        st.sampled_from(TYPES),
        st.sampled_from(PAGES),
        st.integers(-86_400 * 5, 86_400 * 400),
        st.booleans(),
    ),
    max_size=12,
)
people = st.lists(st.tuples(st.sampled_from(TITLES), activities), min_size=1, max_size=4)


@settings(max_examples=100, phases=(Phase.explicit, Phase.generate))
@given(
    fits=fit_rules,
    interests=interest_rules,
    fit_range=ranges,
    interest_range=ranges,
    letters=thresholds,
    digits=thresholds,
    grades=cells,
    shut_to=st.none() | st.sampled_from(["chief", "student"]),
    leads=people,
)
def test_sql_equals_python(
    fits, interests, fit_range, interest_range, letters, digits, grades, shut_to, leads
):
    labels = dict(zip("ABCD", [*letters, min(letters[-1] - 1, fit_range[0])], strict=True))
    numbers = dict(zip("1234", [*digits, min(digits[-1] - 1, interest_range[0])], strict=True))
    unless = [when("job_title", "contains", shut_to)] if shut_to else []
    with transaction.atomic():
        version = scored_by(
            *(
                fit(f"f{i}", worth, when("job_title", "contains", word))
                for i, (worth, word) in enumerate(fits)
            ),
            *(
                interest(
                    f"i{i}",
                    kind,
                    worth,
                    *([when("page", "is", page)] if page else []),
                    half_life_days=half_life,
                    cap=cap,
                )
                for i, (kind, worth, half_life, cap, page) in enumerate(interests)
            ),
            now=NOW,
            fit_range=fit_range,
            interest_range=interest_range,
            letters=labels,
            digits=numbers,
            gates=[gate("mql-threshold", grades, *unless)],
        )
        scheme = Scheme(
            fit=tuple(FitRule(f"f{i}", worth) for i, (worth, _) in enumerate(fits)),
            interest=tuple(
                InterestRule(f"i{i}", kind, worth, half_life, cap)
                for i, (kind, worth, half_life, cap, _) in enumerate(interests)
            ),
            fit_limits=Limits(*fit_range),
            interest_limits=Limits(*interest_range),
            letters=tuple(Step(label, label, at_least) for label, at_least in labels.items()),
            digits=tuple(Step(label, label, at_least) for label, at_least in numbers.items()),
            gates=(Gate("mql-threshold", "mql", tuple(grades)),),
        )
        expected = {}
        for title, acts in leads:
            lead = lead_under(version, now=NOW, job_title=title)
            ingest(lead, acts)
            expected[lead.pk] = reckon(scheme, fits, interests, shut_to, title, acts)

        rescore(list(expected), now=NOW, actor=None)

        stored = LeadScore.objects.values_list("lead", "fit", "interest", "grade", "decays", "qualifies")
        assert {lead: tuple(row) for lead, *row in stored} == {
            lead: (each.fit, each.interest, each.grade, each.decays, bool(each.gates))
            for lead, each in expected.items()
        }
        for lead, each in expected.items():
            receipt = selectors.receipt(lead, NOW)
            assert (receipt.score.fit, receipt.score.interest) == (each.fit, each.interest)
            assert (receipt.score.grade, receipt.score.gates) == (each.grade, each.gates)
            told = ScoreChange.objects.get(lead=lead).receipt["interest"]
            assert told == {
                key: pytest.approx(tally.decayed, abs=0.0051)
                for key, tally in each.tallies.items()
                if key in told
            }
        transaction.set_rollback(True)


def ingest(lead: Lead, acts) -> None:
    Activity.objects.bulk_create(
        Activity(
            lead=lead,
            type=kind,
            occurred_at=NOW - timedelta(seconds=ago),
            recorded_at=NOW,
            human=human,
            payload={"page": page} if page else {},
        )
        for kind, page, ago, human in acts
    )


def reckon(scheme, fits, interests, shut_to, title, acts):
    """The same lead by the plain arithmetic, its conditions met by the eye."""
    happened = defaultdict(list)
    for i, (wanted, _, _, _, wanted_page) in enumerate(interests):
        for kind, page, ago, human in acts:
            if human and kind == wanted and wanted_page in (None, page):
                happened[f"i{i}"].append(NOW - timedelta(seconds=ago))
    return score(
        scheme,
        met={f"f{i}" for i, (_, word) in enumerate(fits) if word in title.lower()},
        tallies={rule.key: tally(rule, happened[rule.key], NOW) for rule in scheme.interest},
        excluded={"mql-threshold"} if shut_to and shut_to in title.lower() else set(),
    )
