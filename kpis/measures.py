"""Every measure, once: in words that are shown beside the figure, and as the sets of facts it counts.

A measure's parts are populations (`kpis.facts`) and a condition. Its figure is the count, or the sum, of exactly the
facts that the list behind it shows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal

from django.db.models import (
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce, Greatest
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.roles import Side
from handoffs.models import (
    ANSWERS,
    Attempt,
    DeadlineKind,
    DeadlineOutcome,
    EventKind,
    HandoffEvent,
    HandoffState,
    ReturnReason,
)
from kpis import facts
from kpis.facts import CONCLUDED_WITHIN, Population, Where
from kpis.scopes import Scope
from leads.models import StageChange
from leads.stages import Stage
from nurture.models import Enrolment

Words = str | Promise
Which = Literal["numerator", "denominator"]

ENROLLED_WITHIN = timedelta(hours=24)


NOTHING = _("Nothing to count yet.")


class Kind(Enum):
    """What the value of a measure is.

    A count, or the sum of counts; a share from 0 to 1; money in the agreement's currency; a duration, of which the
    median and the 90th percentile are told; a number for each, such as attempts for each lead.
    """

    COUNT = "count"
    RATE = "rate"
    MONEY = "money"
    DURATION = "duration"
    AVERAGE = "average"


@dataclass(frozen=True, eq=False)
class Part:
    """A set of facts: those of a population that meet a condition.

    With an `amount` (an expression on the fact) the part is its sum, or its percentiles, else the number of facts.
    """

    population: Population
    where: Where = facts.everything
    amount: Callable[[], Any] | None = None


@dataclass(frozen=True, eq=False)
class Measure:
    """`empty` is what is said where there is nothing to count: no rate is 0 % of nothing."""

    key: str
    label: Words
    words: Words
    kind: Kind
    numerator: Part
    denominator: Part | None = None
    side: Side | None = None
    empty: Words = NOTHING
    less_is_better: bool = False
    by: tuple[str, ...] = ("source", "person", "team")
    """What it may be broken down by."""

    def part(self, which: Which) -> Part:
        """Raises `LookupError` for a denominator that the measure does not have."""
        found = self.numerator if which == "numerator" else self.denominator
        if found is None:
            raise LookupError(f"{self.key} has no {which}")
        return found

    @property
    def parts(self) -> list[tuple[Which, Part]]:
        both: list[tuple[Which, Part | None]] = [
            ("numerator", self.numerator),
            ("denominator", self.denominator),
        ]
        return [(which, part) for which, part in both if part is not None]


MEASURES: dict[str, Measure] = {}
"""By key, in the order in which pages show them."""
SPECIAL: dict[str, Words] = {}
"""Keys that an agreement may name and that are no single figure, with their words."""


class UnknownMeasure(LookupError):
    """No measure has this key."""


def measure(key: str) -> Measure:
    """Raises `UnknownMeasure`."""
    try:
        return MEASURES[key]
    except KeyError:
        raise UnknownMeasure(key) from None


def _add(*measures: Measure) -> None:
    MEASURES.update({each.key: each for each in measures})


# --- Conditions ---------------------------------------------------------------------------------------------


def _reached(*stages: Stage) -> Where:
    """The lead of this entry has, till now, reached one of these stages as well."""

    def where(scope: Scope, now: datetime) -> Q:
        reached = StageChange.objects.filter(lead=OuterRef("lead"), to_stage__in=stages)
        return Q(Exists(reached))

    return where


def _always(condition: Q) -> Where:
    return lambda scope, now: condition


def _both(*wheres: Where) -> Where:
    def where(scope: Scope, now: datetime) -> Q:
        met = Q()
        for each in wheres:
            met &= each(scope, now)
        return met

    return where


def _stands(scope: Scope, now: datetime) -> Q:
    """Its end was not overruled in a dispute: then the handoff made anew counts, and not this one."""
    overruled = HandoffEvent.objects.filter(handoff=OuterRef("pk"), kind=EventKind.RULED, data__upheld=False)
    return ~Q(Exists(overruled))


def _judged(*kinds: DeadlineKind) -> Where:
    """Clocks of these kinds that were kept or missed by now, and whose breach was not waived.

    Not judged: what still runs, and what was no longer needed before it fell due.
    """

    def where(scope: Scope, now: datetime) -> Q:
        return Q(kind__in=kinds) & (_KEPT | _missed(now)) & _NOT_WAIVED

    return where


def _kept(*kinds: DeadlineKind) -> Where:
    return lambda scope, now: Q(kind__in=kinds) & _KEPT & _NOT_WAIVED


_NOT_WAIVED = Q(breach__waiver__isnull=True)
_REJECTED_IN_TIME = Q(
    kind=DeadlineKind.ACCEPT,
    outcome=DeadlineOutcome.CANCELLED,
    ended_at__lte=F("due_at"),
    handoff__state=HandoffState.REJECTED,
    handoff__ended_at=F("ended_at"),
)
"""To reject is to answer, too: no clock of acceptance is met by it, it ends."""
_KEPT = Q(outcome=DeadlineOutcome.MET) | _REJECTED_IN_TIME


def _missed(now: datetime) -> Q:
    ended_late = Q(outcome=DeadlineOutcome.CANCELLED, ended_at__gt=F("due_at"))
    return Q(outcome=DeadlineOutcome.MET_LATE) | Q(outcome=DeadlineOutcome.OPEN, due_at__lt=now) | ended_late


def _names_a_track(scope: Scope, now: datetime) -> Q:
    reason = ReturnReason.objects.filter(version=OuterRef("version"), key=OuterRef("reason_key"))
    return Q(state=HandoffState.RETURNED) & Q(Exists(reason.exclude(track="")))


def _enrolled(scope: Scope, now: datetime) -> Q:
    in_time = Enrolment.objects.filter(
        handoff=OuterRef("pk"), started_at__lte=OuterRef("ended_at") + ENROLLED_WITHIN
    )
    return Q(Exists(in_time))


def _enrolment_is_due(scope: Scope, now: datetime) -> Q:
    return _names_a_track(scope, now) & (Q(ended_at__lt=now - ENROLLED_WITHIN) | _enrolled(scope, now))


# --- Amounts ------------------------------------------------------------------------------------------------


def _between(start: Any, end: Any) -> Any:
    return ExpressionWrapper(F(end) - start, output_field=DurationField())


def _won_value() -> Any:
    """What the win itself said it is worth, else what the lead says."""
    return Coalesce(F("value"), F("lead__value"), Value(0, output_field=StageChange._meta.get_field("value")))


def _since_mql() -> Any:
    first = StageChange.objects.filter(lead=OuterRef("lead"), to_stage=Stage.MQL).order_by("at", "pk")
    return _between(Coalesce(Subquery(first.values("at")[:1]), F("lead__created_at")), "at")


def _since_attempt_before() -> Any:
    before = Attempt.objects.filter(
        Q(at__lt=OuterRef("at")) | Q(at=OuterRef("at"), number__lt=OuterRef("number")),
        handoff=OuterRef("handoff"),
    )
    return _between(Subquery(before.order_by("-at", "-number").values("at")[:1]), "at")


def _since_the_leads_act() -> Any:
    waited = _between(F("lead_acted_at"), "first_attempt_at")
    return Greatest(waited, Value(timedelta(0), output_field=DurationField()))


def _was_mql(scope: Scope, now: datetime) -> Q:
    before = StageChange.objects.filter(lead=OuterRef("lead"), to_stage=Stage.MQL, at__lte=OuterRef("at"))
    return Q(Exists(before))


# --- The funnel ---------------------------------------------------------------------------------------------

_NO_LEADS = _("No leads yet.")
_NO_MQLS = _("No MQLs yet.")
_NO_SQLS = _("No SQLs yet.")
_NO_WINS = _("No wins yet.")
_OF_LEAD = ("source", "person", "team")
_all = facts.everything

_add(
    Measure(
        "visitors",
        _("Visitors"),
        _("Visitors of the days of the period, as the website’s own count says them, by source."),
        Kind.COUNT,
        Part(facts.TRAFFIC, amount=lambda: F("visitors")),
        side=Side.MARKETING,
        by=("source",),
    ),
    Measure(
        "leads",
        _("New leads"),
        _(
            "Leads that first reached the stage of a lead, or a later one, in the period. Each counts once, ever."
        ),
        Kind.COUNT,
        Part(facts.LEADS),
        side=Side.MARKETING,
        by=_OF_LEAD,
    ),
    Measure(
        "mqls",
        _("MQLs"),
        _(
            "Leads that became an MQL for the first time in the period. A lead that comes back after a return does not"
            " count again."
        ),
        Kind.COUNT,
        Part(facts.MQLS),
        side=Side.MARKETING,
        by=_OF_LEAD,
    ),
    Measure(
        "sqls",
        _("SQLs"),
        _("Leads that first reached the stage of an SQL, or a later one, in the period."),
        Kind.COUNT,
        Part(facts.SQLS),
        side=Side.SALES,
        by=_OF_LEAD,
    ),
    Measure(
        "wins",
        _("New customers"),
        _("Leads that became a customer in the period, by the date of the win."),
        Kind.COUNT,
        Part(facts.WINS),
        side=Side.SALES,
        by=_OF_LEAD,
    ),
    Measure(
        "visitors-to-leads",
        _("Visitor to lead"),
        _(
            "New leads of the period for each visitor of the period. Who came as a visitor earlier is not told apart."
        ),
        Kind.RATE,
        Part(facts.LEADS),
        Part(facts.TRAFFIC, amount=lambda: F("visitors")),
        side=Side.MARKETING,
        empty=_("No visitors told yet."),
        by=("source",),
    ),
    Measure(
        "leads-to-mqls",
        _("Lead to MQL"),
        _("Of the leads that came in the period, those that have become an MQL, or more, since."),
        Kind.RATE,
        Part(facts.LEADS, _reached(*facts.at_least(Stage.MQL))),
        Part(facts.LEADS),
        side=Side.MARKETING,
        empty=_NO_LEADS,
        by=_OF_LEAD,
    ),
    Measure(
        "mqls-to-sqls",
        _("MQL to SQL"),
        _("Of the leads that became an MQL in the period, those that have become an SQL, or more, since."),
        Kind.RATE,
        Part(facts.MQLS, _reached(*facts.at_least(Stage.SQL))),
        Part(facts.MQLS),
        side=Side.SALES,
        empty=_NO_MQLS,
        by=_OF_LEAD,
    ),
    Measure(
        "sqls-to-customers",
        _("SQL to customer"),
        _("Of the leads that became an SQL in the period, those that have become a customer since."),
        Kind.RATE,
        Part(facts.SQLS, _reached(Stage.CUSTOMER)),
        Part(facts.SQLS),
        side=Side.SALES,
        empty=_NO_SQLS,
        by=_OF_LEAD,
    ),
    Measure(
        "mqls-to-customers",
        _("MQL to customer"),
        _("Of the leads that became an MQL in the period, those that have become a customer since."),
        Kind.RATE,
        Part(facts.MQLS, _reached(Stage.CUSTOMER)),
        Part(facts.MQLS),
        empty=_NO_MQLS,
        by=_OF_LEAD,
    ),
    Measure(
        "conversion",
        _("Conversion from lead to customer"),
        _("Of the leads that came in the period, those that have become a customer since."),
        Kind.RATE,
        Part(facts.LEADS, _reached(Stage.CUSTOMER)),
        Part(facts.LEADS),
        empty=_NO_LEADS,
        by=_OF_LEAD,
    ),
    Measure(
        "sql-to-customer",
        _("Decisions won"),
        _(
            "Of the SQLs that were decided in the period, those that became a customer. Decided is who was won, lost or"
            " disqualified as an SQL or opportunity; of several decisions the last one counts."
        ),
        Kind.RATE,
        Part(facts.DECISIONS, _always(Q(to_stage=Stage.CUSTOMER))),
        Part(facts.DECISIONS),
        side=Side.SALES,
        empty=_("No decisions yet."),
        by=_OF_LEAD,
    ),
    Measure(
        "revenue",
        _("New revenue"),
        _(
            "The value of the deals won in the period, by the date of the win. A deal without a value is listed and"
            " adds nothing."
        ),
        Kind.MONEY,
        Part(facts.WINS, amount=_won_value),
        by=_OF_LEAD,
    ),
    Measure(
        "revenue-from-marketing",
        _("Revenue sourced by marketing"),
        _("Of the new revenue, that of customers who had been an MQL before."),
        Kind.MONEY,
        Part(facts.WINS, _was_mql, _won_value),
        side=Side.MARKETING,
        by=_OF_LEAD,
    ),
    Measure(
        "days-to-win",
        _("Days to win"),
        _(
            "From becoming an MQL, or without that from coming in, to becoming a customer, for the wins of the period."
        ),
        Kind.DURATION,
        Part(facts.WINS, amount=_since_mql),
        empty=_NO_WINS,
        less_is_better=True,
        by=_OF_LEAD,
    ),
)

# --- Handoffs -----------------------------------------------------------------------------------------------

_NO_HANDOFFS = _("No handoffs yet.")
_OF_HANDOFF = ("source", "person", "team", "trigger")
_BACK = (HandoffState.RETURNED, HandoffState.REJECTED)
_ENDED = (HandoffState.QUALIFIED, HandoffState.DISQUALIFIED, *_BACK)
_WAITING = (HandoffState.UNASSIGNED, HandoffState.OFFERED)

_add(
    Measure(
        "handoffs",
        _("Handoffs"),
        _("Leads handed to sales in the period, each time they were."),
        Kind.COUNT,
        Part(facts.HANDOFFS),
        side=Side.MARKETING,
        by=_OF_HANDOFF,
    ),
    Measure(
        "handoffs-accepted",
        _("Handoffs accepted"),
        _(
            "Of the handoffs of the period that sales has answered, those it did not reject. What still waits for an"
            " answer is not counted, nor is a rejection that a dispute overruled."
        ),
        Kind.RATE,
        Part(facts.HANDOFFS, _both(_always(~Q(state__in=(*_WAITING, HandoffState.REJECTED))), _stands)),
        Part(facts.HANDOFFS, _both(_always(~Q(state__in=_WAITING)), _stands)),
        side=Side.MARKETING,
        empty=_("No answers yet."),
        by=_OF_HANDOFF,
    ),
    Measure(
        "handoffs-complete",
        _("Handoffs with all information"),
        _(
            "Of the handoffs of the period, those that carried everything the agreement asks for when they were made."
            " What was added later does not change it."
        ),
        Kind.RATE,
        Part(facts.HANDOFFS, _always(Q(missing=[]))),
        Part(facts.HANDOFFS),
        side=Side.MARKETING,
        empty=_NO_HANDOFFS,
        by=_OF_HANDOFF,
    ),
    Measure(
        "handoffs-concluded",
        _("Handoffs with an outcome"),
        _(
            "Of the handoffs whose 30 days ended in the period, those that by then were qualified, disqualified,"
            " returned or rejected. What was handed over less than 30 days ago is not counted yet."
        ),
        Kind.RATE,
        Part(
            facts.AGED,
            _always(Q(state__in=_ENDED, ended_at__lte=F("created_at") + CONCLUDED_WITHIN)),
        ),
        Part(facts.AGED),
        side=Side.SALES,
        empty=_("No handoff is 30 days old yet."),
        by=_OF_HANDOFF,
    ),
    Measure(
        "speed-to-lead",
        _("Speed to lead"),
        _(
            "From the lead’s own act to the first attempt of a person, by the clock on the wall, for the handoffs of"
            " the period. Handoffs without an attempt so far are not in it."
        ),
        Kind.DURATION,
        Part(facts.HANDOFFS, _always(Q(first_attempt_at__isnull=False)), _since_the_leads_act),
        side=Side.SALES,
        empty=_("No first attempts yet."),
        less_is_better=True,
        by=_OF_HANDOFF,
    ),
    Measure(
        "attempts",
        _("Attempts for each lead"),
        _(
            "Attempts made on the handoffs that ended in the period, for each of these handoffs that was tried at all:"
            " whole runs only, so that none counts half."
        ),
        Kind.AVERAGE,
        Part(facts.ENDED, _always(Q(attempts_made__gt=0)), lambda: F("attempts_made")),
        Part(facts.ENDED, _always(Q(attempts_made__gt=0))),
        side=Side.SALES,
        empty=_("No handoff that was tried has ended yet."),
        by=("tries", *_OF_HANDOFF),
    ),
    Measure(
        "returns",
        _("Returns"),
        _("Handoffs that sales returned in the period. A return that a dispute overruled is not counted."),
        Kind.COUNT,
        Part(facts.ENDED, _both(_always(Q(state=HandoffState.RETURNED)), _stands)),
        side=Side.SALES,
        less_is_better=True,
        by=("reason", *_OF_HANDOFF),
    ),
    Measure(
        "rejections",
        _("Rejections"),
        _("Handoffs that sales rejected in the period. A rejection that a dispute overruled is not counted."),
        Kind.COUNT,
        Part(facts.ENDED, _both(_always(Q(state=HandoffState.REJECTED)), _stands)),
        side=Side.MARKETING,
        less_is_better=True,
        by=("reason", *_OF_HANDOFF),
    ),
    Measure(
        "returns-by-reason",
        _("Given back, by reason"),
        _(
            "Handoffs that sales rejected or returned in the period, by the reason given. Overruled ones are not"
            " counted."
        ),
        Kind.COUNT,
        Part(facts.ENDED, _both(_always(Q(state__in=_BACK)), _stands)),
        less_is_better=True,
        by=("reason", *_OF_HANDOFF),
    ),
    Measure(
        "returns-enrolled-in-time",
        _("Returns in nurture within a day"),
        _(
            "Of the leads returned in the period for a reason that names a track, those that were in a track within 24"
            " hours. Returns of the last 24 hours count once they are enrolled."
        ),
        Kind.RATE,
        Part(facts.ENDED, _both(_enrolment_is_due, _enrolled)),
        Part(facts.ENDED, _enrolment_is_due),
        side=Side.MARKETING,
        empty=_("No returns yet."),
        by=("reason", *_OF_HANDOFF),
    ),
)

# --- Clocks and attempts ------------------------------------------------------------------------------------

_FIRST = DeadlineKind.FIRST_ATTEMPT
_NO_CLOCKS = _("No clock has come due yet.")
_OF_CLOCK = ("person", "team", "clause", "kind", "source")
_FAIR = _(
    "A clock counts in the period in which it falls due, for the person it bound. Not counted: clocks that still run,"
    " clocks that were no longer needed before they fell due, and breaches that were waived."
)


def _fairly(words: Words) -> Words:
    return format_lazy("{} {}", words, _FAIR)


_add(
    Measure(
        "accepted-in-time",
        _("Accepted in time"),
        _fairly(_("Of the clocks to accept or reject that fell due in the period, those answered in time.")),
        Kind.RATE,
        Part(facts.CLOCKS, _kept(DeadlineKind.ACCEPT)),
        Part(facts.CLOCKS, _judged(DeadlineKind.ACCEPT)),
        side=Side.SALES,
        empty=_NO_CLOCKS,
        by=_OF_CLOCK,
    ),
    Measure(
        "first-attempt-in-time",
        _("First attempt in time"),
        _fairly(
            _(
                "Of the clocks for a first attempt that fell due in the period, those with an attempt in time, by the"
                " minute of the attempt."
            )
        ),
        Kind.RATE,
        Part(facts.CLOCKS, _kept(_FIRST)),
        Part(facts.CLOCKS, _judged(_FIRST)),
        side=Side.SALES,
        empty=_NO_CLOCKS,
        by=_OF_CLOCK,
    ),
    Measure(
        "attempts-in-time",
        _("Attempts made in time"),
        _fairly(
            _(
                "Of the attempts that the cadences asked for by an instant in the period, the first one included, those"
                " made in time."
            )
        ),
        Kind.RATE,
        Part(facts.CLOCKS, _kept(_FIRST, DeadlineKind.NEXT_ATTEMPT)),
        Part(facts.CLOCKS, _judged(_FIRST, DeadlineKind.NEXT_ATTEMPT)),
        side=Side.SALES,
        empty=_NO_CLOCKS,
        by=_OF_CLOCK,
    ),
    Measure(
        "assigned-in-time",
        _("Owner found in time"),
        _fairly(
            _(
                "Of the handoffs that waited for an owner until an instant in the period, those that found one in time."
            )
        ),
        Kind.RATE,
        Part(facts.CLOCKS, _kept(DeadlineKind.ASSIGN)),
        Part(facts.CLOCKS, _judged(DeadlineKind.ASSIGN)),
        side=Side.SALES,
        empty=_NO_CLOCKS,
        by=_OF_CLOCK,
    ),
    Measure(
        "response-time",
        _("Response time"),
        _(
            "From assignment to the first attempt, in the business time of the person whose clock it was, for the"
            " clocks that fell due in the period and were met, late or not."
        ),
        Kind.DURATION,
        Part(facts.CLOCKS, _always(Q(kind=_FIRST, took__isnull=False)), lambda: F("took")),
        side=Side.SALES,
        empty=_("No first attempts yet."),
        less_is_better=True,
        by=_OF_CLOCK,
    ),
    Measure(
        "breaches",
        _("Breaches"),
        _(
            "Obligations that fell due in the period and were missed, against the person they bound and that person’s"
            " team then. Waived ones are not counted."
        ),
        Kind.COUNT,
        Part(facts.BREACHES, _always(Q(waiver__isnull=True))),
        side=Side.SALES,
        less_is_better=True,
        by=_OF_CLOCK,
    ),
    Measure(
        "breaches-waived",
        _("Breaches waived"),
        _("Breaches of the period that a manager excused, with a reason."),
        Kind.COUNT,
        Part(facts.BREACHES, _always(Q(waiver__isnull=False))),
        side=Side.SALES,
        less_is_better=True,
        by=_OF_CLOCK,
    ),
    Measure(
        "attempts-made",
        _("Attempts made"),
        _("Attempts of the period, by the minute in which they were made."),
        Kind.COUNT,
        Part(facts.ATTEMPTS),
        side=Side.SALES,
        by=("person", "team", "channel", "outcome", "source"),
    ),
    Measure(
        "attempts-answered",
        _("Attempts answered"),
        _("Of the attempts of the period, those in which the lead was reached."),
        Kind.RATE,
        Part(facts.ATTEMPTS, _always(Q(outcome__in=ANSWERS))),
        Part(facts.ATTEMPTS),
        side=Side.SALES,
        empty=_("No attempts yet."),
        by=("person", "team", "channel", "source"),
    ),
    Measure(
        "attempt-spacing",
        _("Time between attempts"),
        _(
            "From one attempt to the next on the same handoff, by the clock on the wall, for the later ones’ period."
        ),
        Kind.DURATION,
        Part(facts.ATTEMPTS, _always(Q(number__gt=1)), _since_attempt_before),
        side=Side.SALES,
        empty=_("No second attempts yet."),
        by=("number", "person", "team", "channel", "source"),
    ),
)

SPECIAL["promises-kept"] = _(
    "Of the promises of the agreement that can be judged in the period, those that are kept."
)
