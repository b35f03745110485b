"""What a lead's page says of nurture: in which track, since when, why, what was sent, what comes next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from accounts.roles import Side
from agreements.models import Version
from agreements.selectors import ClauseRef, cite, clauses
from leads.extensions import Fact
from leads.models import Lead
from nurture.models import Cause, Delivery, Enrolment, Hold, NurtureTrack, Step, Suppression
from nurture.rules import fill_subject
from nurture.selectors.wording import subject_of, values_of
from outbox.models import MessageState

NEWEST = 500


@dataclass(frozen=True)
class EnrolmentView:
    """An enrolment with what people ask about it; `next_subject` is as the lead will read it."""

    enrolment: Enrolment
    cause: ClauseRef | None
    next_step: Step | None
    next_subject: str
    deliveries: Sequence[Delivery]
    steps_total: int


def enrolments_of(lead_id: int) -> list[EnrolmentView]:
    """All of a lead, the newest first, in a fixed number of queries."""
    deliveries = Delivery.objects.select_related("step", "message").order_by("-queued_at", "-pk")
    found = (
        Enrolment.objects.filter(lead=lead_id)
        .select_related("lead__company", "track", "revision", "enrolled_by")
        .prefetch_related("revision__steps", Prefetch("deliveries", deliveries))
        .order_by("-started_at", "-pk")
    )
    return [_view(enrolment) for enrolment in found]


def _view(enrolment: Enrolment) -> EnrolmentView:
    steps = sorted(enrolment.revision.steps.all(), key=attrgetter("position"))
    place = enrolment.position - 1
    step = steps[place] if enrolment.is_active and place < len(steps) else None
    return EnrolmentView(
        enrolment=enrolment,
        cause=cite(enrolment.version_id, enrolment.clause_key),
        next_step=step,
        next_subject=fill_subject(step.subject, values_of(enrolment.lead)) if step else "",
        deliveries=list(enrolment.deliveries.all()),
        steps_total=len(steps),
    )


def suppression_of(lead: Lead) -> Suppression | None:
    """Why the lead's address is not written to, if it is not."""
    if not lead.email:
        return None
    return Suppression.objects.in_force().filter(address=lead.email).first()


def choices_for(lead: Lead) -> list[NurtureTrack]:
    """The tracks of the version in force of the lead's agreement."""
    version = Version.objects.active().filter(agreement=lead.agreement_id).first()
    return list(clauses(version.pk, NurtureTrack)) if version else []


# --- The timeline -------------------------------------------------------------------------------------------


def nurture_facts(lead_id: int) -> Sequence[Fact]:
    """Enrolments, e-mails and endings of a lead, the newest first. What the lead did is among its activities.

    A fixed number of queries; registered in `leads.extensions.timeline_sources`.
    """
    enrolments = list(
        Enrolment.objects.filter(lead=lead_id)
        .select_related("track", "enrolled_by")
        .order_by("-started_at")[:NEWEST]
    )
    deliveries = Delivery.objects.filter(enrolment__lead=lead_id).select_related(
        "step", "message", "enrolment__track"
    )
    facts = chain(
        chain.from_iterable(map(_of_enrolment, enrolments)),
        map(_of_delivery, deliveries.order_by("-queued_at")[:NEWEST]),
    )
    return sorted(facts, key=attrgetter("at"), reverse=True)[:NEWEST]


def _of_enrolment(enrolment: Enrolment) -> Iterable[Fact]:
    track = {"track": enrolment.track.name}
    hold = str(Hold(enrolment.hold).label) if enrolment.is_active and enrolment.hold else ""
    yield Fact(
        at=enrolment.started_at,
        kind="nurture",
        title=_("Enrolled in “%(track)s”") % track,
        detail=" · ".join(part for part in (enrolment.note, hold) if part),
        icon="route",
        side=Side.MARKETING if enrolment.cause != Cause.HAND else _side(enrolment),
        actor=str(enrolment.enrolled_by or ""),
        version_id=enrolment.version_id,
        clause_key=enrolment.clause_key,
        data={"enrolment": enrolment.pk, "cause": enrolment.cause},
    )
    if enrolment.ended_at:
        yield Fact(
            at=enrolment.ended_at,
            kind="nurture",
            title=_("Left “%(track)s”") % track,
            detail=str(enrolment.get_ended_why_display()),
            icon="arrow-right",
            side=Side.MARKETING,
            version_id=enrolment.version_id,
            clause_key=enrolment.track.key,
            data={"enrolment": enrolment.pk, "why": enrolment.ended_why},
        )


def _side(enrolment: Enrolment) -> str:
    return str((enrolment.enrolled_by and enrolment.enrolled_by.side) or "")


def _of_delivery(delivery: Delivery) -> Fact:
    return Fact(
        at=delivery.queued_at,
        kind="nurture",
        title=_("E-mail: %(subject)s") % {"subject": subject_of(delivery)},
        detail=" · ".join([delivery.enrolment.track.name, *filter(None, [state_words(delivery)])]),
        icon="mail",
        side=Side.MARKETING,
        data={"enrolment": delivery.enrolment_id, "step": delivery.step.position},
    )


def state_words(delivery: Delivery) -> str:
    """What became of an e-mail, where it is not simply sent."""
    message = delivery.message
    if delivery.refused_at:
        return _("refused by the mail server")
    if message is None or message.state == MessageState.SENT:
        return ""
    words = {
        MessageState.PENDING: _("waits to be sent"),
        MessageState.STUCK: _("stuck; an administrator sees why"),
        MessageState.REFUSED: _("refused: %(why)s") % {"why": message.last_error},
        MessageState.WITHHELD: _("withheld: %(why)s") % {"why": message.last_error},
        MessageState.KEPT: _("not sent: no mail server is set up"),
    }
    return words.get(MessageState(message.state), "")
