"""What was handed to sales, and what became of it."""

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.roles import Side
from handoffs.models import HandoffState
from kpis import facts
from kpis.facts import CONCLUDED_WITHIN
from kpis.measures.amounts import since_the_leads_act
from kpis.measures.conditions import enrolled, enrolment_is_due, stands
from kpis.measures.kinds import Kind, Measure, Part

_NO_HANDOFFS = _("No handoffs yet.")
_OF_HANDOFF = ("source", "person", "team", "trigger")
_BACK = (HandoffState.RETURNED, HandoffState.REJECTED)
_ENDED = (HandoffState.QUALIFIED, HandoffState.DISQUALIFIED, *_BACK)
_WAITING = (HandoffState.UNASSIGNED, HandoffState.OFFERED)

HANDOFFS = (
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
        Part(facts.HANDOFFS, [~Q(state__in=(*_WAITING, HandoffState.REJECTED)), stands]),
        Part(facts.HANDOFFS, [~Q(state__in=_WAITING), stands]),
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
        Part(facts.HANDOFFS, [Q(missing=[])]),
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
        Part(facts.AGED, [Q(state__in=_ENDED, ended_at__lte=F("created_at") + CONCLUDED_WITHIN)]),
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
        Part(facts.HANDOFFS, [Q(first_attempt_at__isnull=False)], since_the_leads_act),
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
        Part(facts.ENDED, [Q(attempts_made__gt=0)], lambda: F("attempts_made")),
        Part(facts.ENDED, [Q(attempts_made__gt=0)]),
        side=Side.SALES,
        empty=_("No handoff that was tried has ended yet."),
        by=("tries", *_OF_HANDOFF),
    ),
    Measure(
        "returns",
        _("Returns"),
        _("Handoffs that sales returned in the period. A return that a dispute overruled is not counted."),
        Kind.COUNT,
        Part(facts.ENDED, [Q(state=HandoffState.RETURNED), stands]),
        side=Side.SALES,
        less_is_better=True,
        by=("reason", *_OF_HANDOFF),
    ),
    Measure(
        "rejections",
        _("Rejections"),
        _("Handoffs that sales rejected in the period. A rejection that a dispute overruled is not counted."),
        Kind.COUNT,
        Part(facts.ENDED, [Q(state=HandoffState.REJECTED), stands]),
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
        Part(facts.ENDED, [Q(state__in=_BACK), stands]),
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
        Part(facts.ENDED, [enrolment_is_due, enrolled]),
        Part(facts.ENDED, [enrolment_is_due]),
        side=Side.MARKETING,
        empty=_("No returns yet."),
        by=("reason", *_OF_HANDOFF),
    ),
)
