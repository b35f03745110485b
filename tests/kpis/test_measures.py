"""Every figure equals the list behind it, and what plain Python reckons from the raw tables."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agreements.models import Version
from handoffs.models import Attempt, Breach, Deadline, Handoff, HandoffEvent, Waiver
from handoffs.services import mark_lost, mark_won, take_back_decision
from kpis.measures import MEASURES, Kind
from kpis.models import TrafficDay
from kpis.scopes import Scope
from kpis.selectors import Slice, behind, breakdowns, figures, series
from leads.models import ChangeSource, Lead, StageChange
from leads.services import LeadItem, upsert_leads
from leads.stages import LADDER, Stage
from nurture.models import Enrolment
from tests.factories.handoffs import SalesTeam, advance_to, lead_of
from tests.factories.kpis import busy_world

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def ended(starter: Version, sales_team: SalesTeam, now: datetime) -> datetime:
    return busy_world(starter, sales_team, start=now)


@pytest.fixture
def month(now: datetime) -> Scope:
    return Scope.month(now.date(), BERLIN)


def total(key: str, which: Any, rows: Any) -> Any:
    part = MEASURES[key].part(which)
    if part.amount and MEASURES[key].kind is not Kind.DURATION:
        return sum((row.amount for row in rows), 0)
    return len(rows)


@pytest.mark.slow
def test_every_figure_equals_the_list_behind_it_by_every_slice(ended: datetime, month: Scope) -> None:
    checked = 0
    for scope in (month, month.between(date(2026, 11, 1), date(2026, 12, 31))):
        read = figures(MEASURES, scope, ended)
        for key, figure in read.items():
            told = {"numerator": figure.numerator, "denominator": figure.denominator}
            for which, _part in MEASURES[key].parts:
                rows = behind(key, which, scope, ended)
                assert total(key, which, list(rows)) == told[which], (key, which)
                assert len(rows) == len(list(rows))
                for by in MEASURES[key].by:
                    parts = breakdowns([key], scope, by, ended)
                    values = {row.slice.value: getattr(row.figures[key], which) for row in parts}
                    assert sum(values.values()) == told[which], (key, which, by)
                    for value, counted in values.items():
                        sliced = behind(key, which, scope, ended, Slice(by, value))
                        assert total(key, which, list(sliced)) == counted, (key, which, by, value)
                        checked += 1
                for point in series(key, scope, "week", ended):
                    cut = Slice("week", point.day.isoformat())
                    counted = getattr(point.figure, which)
                    assert total(key, which, list(behind(key, which, scope, ended, cut))) == counted
    assert checked > 200


def test_every_measure_of_the_busy_world_has_something_to_count(ended: datetime, now: datetime) -> None:
    scope = Scope(date(2026, 11, 1), date(2026, 12, 31), BERLIN)
    empty = {key for key, figure in figures(MEASURES, scope, ended).items() if not figure.numerator}
    assert empty <= {"assigned-in-time"}


def test_number_of_statements_is_that_of_populations(ended: datetime, month: Scope) -> None:
    populations = {part.population for each in MEASURES.values() for _which, part in each.parts}
    with CaptureQueriesContext(
        connection,
    ) as queries:
        figures(MEASURES, month, ended)
    assert len(queries) == len(populations) == 12


def test_figures_equal_the_raw_tables(ended: datetime, month: Scope) -> None:
    read = figures(MEASURES, month, ended)
    told = {key: (figure.numerator, figure.denominator) for key, figure in read.items()}
    assert {key: (told[key]) for key in RAW} == {key: reckon(month, ended) for key, reckon in RAW.items()}


def test_durations_equal_pandas(ended: datetime, month: Scope) -> None:
    read = figures(MEASURES, month, ended)
    for key, amounts in DURATIONS.items():
        seconds = pd.Series([each.total_seconds() for each in amounts(month)])
        figure = read[key]
        assert figure.numerator == len(seconds), key
        assert figure.p50 is not None
        assert figure.p90 is not None
        assert figure.p50.total_seconds() == pytest.approx(seconds.quantile(0.5), abs=1e-3), key
        assert figure.p90.total_seconds() == pytest.approx(seconds.quantile(0.9), abs=1e-3), key


# --- The independent computation: raw rows, loops and sets ---------------------------------------------------


def inside(at: datetime | None, scope: Scope) -> bool:
    return at is not None and scope.starts_on <= at.astimezone(scope.zone).date() <= scope.ends_on


def first_entries(*stages: str) -> dict[int, StageChange]:
    found: dict[int, StageChange] = {}
    for change in StageChange.objects.order_by("at", "pk"):
        if change.to_stage in stages:
            found.setdefault(change.lead_id, change)
    return found


def entered(scope: Scope, *stages: str) -> set[int]:
    return {lead for lead, change in first_entries(*stages).items() if inside(change.at, scope)}


def cohort(stages: tuple[str, ...], further: tuple[str, ...]) -> Any:
    def reckon(scope: Scope, now: datetime) -> tuple[int, int]:
        came = entered(scope, *stages)
        return len(came & set(first_entries(*further))), len(came)

    return reckon


def count_of(*stages: str) -> Any:
    return lambda scope, now: (len(entered(scope, *stages)), None)


def visitors(scope: Scope) -> int:
    return sum(
        day.visitors for day in TrafficDay.objects.all() if scope.starts_on <= day.day <= scope.ends_on
    )


def wins(scope: Scope) -> list[StageChange]:
    return [change for change in first_entries("customer").values() if inside(change.at, scope)]


def value_of(win: StageChange) -> Decimal:
    return win.value if win.value is not None else Lead.objects.get(pk=win.lead_id).value or Decimal(0)


def decided(scope: Scope, now: datetime) -> tuple[int, int]:
    last: dict[int, StageChange] = {}
    for change in StageChange.objects.order_by("at", "pk"):
        given_up = change.to_stage in ("lost", "disqualified") and change.from_stage in ("sql", "opportunity")
        if change.to_stage == "customer" or given_up:
            last[change.lead_id] = change
    of_month = [change for change in last.values() if inside(change.at, scope)]
    return sum(change.to_stage == "customer" for change in of_month), len(of_month)


def overruled() -> set[int]:
    return {
        event.handoff_id
        for event in HandoffEvent.objects.filter(kind="ruled")
        if event.data["upheld"] is False
    }


def made(scope: Scope) -> list[Handoff]:
    return [handoff for handoff in Handoff.objects.all() if inside(handoff.created_at, scope)]


def accepted(scope: Scope, now: datetime) -> tuple[int, int]:
    answered = [
        each
        for each in made(scope)
        if each.state not in ("unassigned", "offered") and each.pk not in overruled()
    ]
    return sum(each.state != "rejected" for each in answered), len(answered)


def concluded(scope: Scope, now: datetime) -> tuple[int, int]:
    aged = [
        each
        for each in Handoff.objects.all()
        if scope.start <= each.created_at + timedelta(days=30) < min(scope.end, now)
    ]
    done = [each for each in aged if each.ended_at and each.ended_at - each.created_at <= timedelta(days=30)]
    return len(done), len(aged)


def closed(scope: Scope, *states: str) -> list[Handoff]:
    return [each for each in Handoff.objects.all() if inside(each.ended_at, scope) and each.state in states]


def given_back(*states: str) -> Any:
    def reckon(scope: Scope, now: datetime) -> tuple[int, None]:
        return sum(each.pk not in overruled() for each in closed(scope, *states)), None

    return reckon


def enrolled(scope: Scope, now: datetime) -> tuple[int, int]:
    """Every reason used in this world names a track."""
    begun = dict(Enrolment.objects.exclude(handoff=None).values_list("handoff", "started_at"))
    day = timedelta(hours=24)
    good = due = 0
    for each in closed(scope, "returned"):
        assert each.ended_at is not None
        in_time = each.pk in begun and begun[each.pk] <= each.ended_at + day
        good += in_time
        due += in_time or each.ended_at + day < now
    return good, due


def runs(scope: Scope, now: datetime) -> tuple[int, int]:
    tried = [
        each
        for each in closed(scope, "qualified", "disqualified", "returned", "rejected")
        if Attempt.objects.filter(handoff=each).exists()
    ]
    return Attempt.objects.filter(handoff__in=tried).count(), len(tried)


def clocks(*kinds: str) -> Any:
    def reckon(scope: Scope, now: datetime) -> tuple[int, int]:
        waived = set(Waiver.objects.values_list("breach__deadline", flat=True))
        verdicts: Counter[str] = Counter()
        for clock in Deadline.objects.filter(kind__in=kinds).select_related("handoff"):
            if inside(clock.due_at, scope):
                verdict = judged(clock, now)
                verdicts["excused" if verdict == "missed" and clock.pk in waived else verdict] += 1
        return verdicts["kept"], verdicts["kept"] + verdicts["missed"]

    return reckon


def judged(clock: Deadline, now: datetime) -> str:
    if clock.outcome == "met":
        return "kept"
    if clock.outcome == "met_late" or (clock.outcome == "open" and clock.due_at < now):
        return "missed"
    if clock.outcome == "open":
        return "running"
    assert clock.ended_at is not None
    if clock.ended_at > clock.due_at:
        return "missed"
    is_rejected = clock.kind == "accept" and clock.handoff.state == "rejected"
    return "kept" if is_rejected and clock.handoff.ended_at == clock.ended_at else "not needed"


def breaches(waived: bool) -> Any:
    def reckon(scope: Scope, now: datetime) -> tuple[int, None]:
        excused = set(Waiver.objects.values_list("breach", flat=True))
        of_month = [each for each in Breach.objects.all() if inside(each.due_at, scope)]
        return sum((each.pk in excused) is waived for each in of_month), None

    return reckon


def tries(scope: Scope) -> list[Attempt]:
    return [each for each in Attempt.objects.all() if inside(each.at, scope)]


MORE = tuple(LADDER)
RAW: dict[str, Any] = {
    "visitors": lambda scope, now: (visitors(scope), None),
    "leads": count_of(*MORE[1:]),
    "mqls": count_of("mql"),
    "sqls": count_of(*MORE[3:]),
    "wins": count_of("customer"),
    "visitors-to-leads": lambda scope, now: (len(entered(scope, *MORE[1:])), visitors(scope)),
    "leads-to-mqls": cohort(MORE[1:], MORE[2:]),
    "mqls-to-sqls": cohort(("mql",), MORE[3:]),
    "sqls-to-customers": cohort(MORE[3:], ("customer",)),
    "mqls-to-customers": cohort(("mql",), ("customer",)),
    "conversion": cohort(MORE[1:], ("customer",)),
    "sql-to-customer": decided,
    "revenue": lambda scope, now: (sum(map(value_of, wins(scope))), None),
    "revenue-from-marketing": lambda scope, now: (
        sum(value_of(win) for win in wins(scope) if win.lead_id in first_entries("mql")),
        None,
    ),
    "handoffs": lambda scope, now: (len(made(scope)), None),
    "handoffs-accepted": accepted,
    "handoffs-complete": lambda scope, now: (sum(not each.missing for each in made(scope)), len(made(scope))),
    "handoffs-concluded": concluded,
    "returns": given_back("returned"),
    "rejections": given_back("rejected"),
    "returns-by-reason": given_back("returned", "rejected"),
    "returns-enrolled-in-time": enrolled,
    "attempts": runs,
    "accepted-in-time": clocks("accept"),
    "first-attempt-in-time": clocks("first_attempt"),
    "attempts-in-time": clocks("first_attempt", "next_attempt"),
    "assigned-in-time": clocks("assign"),
    "breaches": breaches(waived=False),
    "breaches-waived": breaches(waived=True),
    "attempts-made": lambda scope, now: (len(tries(scope)), None),
    "attempts-answered": lambda scope, now: (
        sum(each.outcome in ("connected", "meeting_booked", "replied") for each in tries(scope)),
        len(tries(scope)),
    ),
}


def spaces(scope: Scope) -> list[timedelta]:
    found = []
    for each in tries(scope):
        earlier = [
            other.at for other in Attempt.objects.filter(handoff=each.handoff_id, number__lt=each.number)
        ]
        if earlier:
            found.append(each.at - max(earlier))
    return found


DURATIONS: dict[str, Any] = {
    "days-to-win": lambda scope: [win.at - first_entries("mql")[win.lead_id].at for win in wins(scope)],
    "speed-to-lead": lambda scope: [
        each.first_attempt_at - each.lead_acted_at for each in made(scope) if each.first_attempt_at
    ],
    "response-time": lambda scope: [
        clock.took
        for clock in Deadline.objects.filter(kind="first_attempt", took__isnull=False)
        if inside(clock.due_at, scope)
    ],
    "attempt-spacing": spaces,
}


def test_each_measure_is_reckoned_independently() -> None:
    assert set(RAW) | set(DURATIONS) == set(MEASURES)


def test_months_of_two_zones_share_no_instant_at_their_border(starter: Version) -> None:
    """A lead of half past eleven at night in Berlin is one of the next month in Tokyo."""
    from tests.factories.leads import StageChangeFactory

    StageChangeFactory(to_stage="mql", at=datetime(2026, 10, 31, 22, 30, tzinfo=UTC))
    now = datetime(2026, 11, 20, tzinfo=UTC)

    def told(zone: str, month: int) -> Any:
        return figures(["mqls"], Scope.month(date(2026, month, 1), ZoneInfo(zone)), now)["mqls"].value

    assert [told("Europe/Berlin", 10), told("Europe/Berlin", 11)] == [1, 0]
    assert [told("Asia/Tokyo", 10), told("Asia/Tokyo", 11)] == [0, 1]


def test_what_was_taken_back_is_neither_won_nor_lost(
    starter: Version, sales_team: SalesTeam, now: datetime, month: Scope
) -> None:
    """One win stands; of the others a win and a loss were mistakes, and one of these is won after all."""
    stands, mistake, found = (lead_of(starter, owner=sales_team.mia) for _ in range(3))
    for lead in (stands, mistake, found):
        advance_to(lead, Stage.SQL, now=now)
    for lead in (stands, mistake):
        mark_won(lead_id=lead.pk, value=Decimal(5000), now=now, actor=sales_team.mia)
    mark_lost(lead_id=found.pk, reason_key="lose-price", now=now, actor=sales_team.mia)
    for lead in (mistake, found):
        take_back_decision(lead_id=lead.pk, reason="The wrong lead", now=now, actor=sales_team.manager)
    keys = ("wins", "revenue", "sql-to-customer")

    def told(at: datetime) -> list[Any]:
        read = figures(MEASURES, month, at)
        return [(read[key].numerator, read[key].denominator) for key in keys]

    later = now + timedelta(hours=1)
    assert told(later) == [(1, None), (Decimal(5000), None), (1, 1)]
    mark_won(lead_id=found.pk, value=Decimal(700), now=later, actor=sales_team.mia)
    assert told(later + timedelta(hours=1)) == [(2, None), (Decimal(5700), None), (2, 2)]


def test_no_rate_of_nothing_is_a_number(starter: Version, now: datetime, month: Scope) -> None:
    for key, figure in figures(MEASURES, month, now).items():
        counts = MEASURES[key].kind in (Kind.COUNT, Kind.MONEY)
        assert (figure.value, figure.empty) == ((0, "") if counts else (None, str(MEASURES[key].empty)))


def test_what_the_win_was_worth_stays_when_the_lead_is_worth_more(
    starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    lead = lead_of(starter, owner=sales_team.mia)
    advance_to(lead, "sql", now=now)
    mark_won(lead_id=lead.pk, value=Decimal(10_000), now=now, actor=sales_team.mia)
    item = LeadItem(id=lead.pk, value=Decimal(25_000))
    upsert_leads([item], now=now + timedelta(days=60), actor=None, source=ChangeSource.IMPORT)
    scope = Scope.month(now.date(), BERLIN)
    assert figures(["revenue"], scope, now + timedelta(days=61))["revenue"].value == 10_000
