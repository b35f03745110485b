"""Clocks kept and missed, breaches, attempts."""

from django.db.models import F, Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.roles import Side
from handoffs.models import ANSWERS, DeadlineKind
from kpis import facts
from kpis.measures.amounts import since_attempt_before
from kpis.measures.conditions import judged, kept
from kpis.measures.kinds import Kind, Measure, Part, Words

_FIRST = DeadlineKind.FIRST_ATTEMPT
_OF_CLOCK = ("person", "team", "clause", "kind", "source")
_FAIR = _(
    "A clock counts in the period in which it falls due, for the person it bound. Not counted: clocks that still run,"
    " clocks that were no longer needed before they fell due, and breaches that were waived."
)


def _in_time(key: str, label: Words, words: Words, *kinds: DeadlineKind) -> Measure:
    return Measure(
        key,
        label,
        format_lazy("{} {}", words, _FAIR),
        Kind.RATE,
        Part(facts.CLOCKS, [kept(*kinds)]),
        Part(facts.CLOCKS, [judged(*kinds)]),
        side=Side.SALES,
        empty=_("No clock has come due yet."),
        by=_OF_CLOCK,
    )


CLOCKS = (
    _in_time(
        "accepted-in-time",
        _("Accepted in time"),
        _("Of the clocks to accept or reject that fell due in the period, those answered in time."),
        DeadlineKind.ACCEPT,
    ),
    _in_time(
        "first-attempt-in-time",
        _("First attempt in time"),
        _(
            "Of the clocks for a first attempt that fell due in the period, those with an attempt in time, by the"
            " minute of the attempt."
        ),
        _FIRST,
    ),
    _in_time(
        "attempts-in-time",
        _("Attempts made in time"),
        _(
            "Of the attempts that the cadences asked for by an instant in the period, the first one included, those"
            " made in time."
        ),
        _FIRST,
        DeadlineKind.NEXT_ATTEMPT,
    ),
    _in_time(
        "assigned-in-time",
        _("Owner found in time"),
        _(
            "Of the handoffs that waited for an owner until an instant in the period, those that found one in time."
        ),
        DeadlineKind.ASSIGN,
    ),
    Measure(
        "response-time",
        _("Response time"),
        _(
            "From assignment to the first attempt, in the business time of the person whose clock it was, for the"
            " clocks that fell due in the period and were met, late or not."
        ),
        Kind.DURATION,
        Part(facts.CLOCKS, [Q(kind=_FIRST, took__isnull=False)], lambda: F("took")),
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
        Part(facts.BREACHES, [Q(waiver__isnull=True)]),
        side=Side.SALES,
        less_is_better=True,
        by=_OF_CLOCK,
    ),
    Measure(
        "breaches-waived",
        _("Breaches waived"),
        _("Breaches of the period that a manager excused, with a reason."),
        Kind.COUNT,
        Part(facts.BREACHES, [Q(waiver__isnull=False)]),
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
        Part(facts.ATTEMPTS, [Q(outcome__in=ANSWERS)]),
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
        Part(facts.ATTEMPTS, [Q(number__gt=1)], since_attempt_before),
        side=Side.SALES,
        empty=_("No second attempts yet."),
        by=("number", "person", "team", "channel", "source"),
    ),
)
