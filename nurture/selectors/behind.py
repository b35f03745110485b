"""Behind a figure of nurture: the people or the e-mails that it counts, one by one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from nurture.models import Delivery, EndedWhy, Enrolment, Step, Track, TrackRevision
from nurture.selectors.tracks import LATELY


class Figure(models.TextChoices):
    """What is counted; the value names it in addresses."""

    INSIDE = "inside", _("In it")
    HELD = "held", _("Cannot be written to")
    LEFT = "left", _("Left in 90 days")
    SENT = "sent", _("E-mails in 90 days")
    FOLLOWED = "followed", _("Followed an offer")
    QUALIFIED = "qualified", _("Qualified again")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")

    @property
    def counts_mails(self) -> bool:
        """Else it counts people."""
        return self in (Figure.SENT, Figure.FOLLOWED)

    @property
    def counts_leavers(self) -> bool:
        return self in (Figure.LEFT, Figure.QUALIFIED, Figure.UNSUBSCRIBED)

    @property
    def words(self) -> str:
        return str(_WORDS[self])


_WORDS = {
    Figure.INSIDE: _("Who is in a track now."),
    Figure.HELD: _("In a track now, without an e-mail address or without consent to e-mail."),
    Figure.LEFT: _("Who left a track in the last 90 days, and why."),
    Figure.SENT: _("E-mails of the last 90 days. Open one to read what was sent."),
    Figure.FOLLOWED: _(
        "E-mails of the last 90 days whose reader went on to the offer; machines do not count."
    ),
    Figure.QUALIFIED: _("Left in the last 90 days because they became an MQL or were handed over."),
    Figure.UNSUBSCRIBED: _("Left in the last 90 days because they want no more of these e-mails."),
}


@dataclass(frozen=True)
class Cut:
    """Of which track, of which of its revisions or of which step; of all where nothing is named."""

    track: Track | None = None
    revision: TrackRevision | None = None
    step: Step | None = None


def people_counted(figure: Figure, cut: Cut, *, now: datetime) -> QuerySet[Enrolment]:
    """Enrolments, as many as the figure says, the newest first."""
    found = Enrolment.objects.select_related("lead__company", "track__agreement", "revision")
    if cut.track:
        found = found.filter(track=cut.track)
    if cut.revision:
        found = found.filter(revision=cut.revision)
    if figure == Figure.INSIDE:
        return found.active().order_by("-started_at", "-pk")
    if figure == Figure.HELD:
        return found.unreachable().order_by("-started_at", "-pk")
    left = found.left_since(now - LATELY).order_by("-ended_at", "-pk")
    whys = {Figure.QUALIFIED: EndedWhy.QUALIFIED, Figure.UNSUBSCRIBED: EndedWhy.UNSUBSCRIBED}
    return left.filter(ended_why=whys[figure]) if figure in whys else left


def mails_counted(figure: Figure, cut: Cut, *, now: datetime) -> QuerySet[Delivery]:
    """Deliveries, as many as the figure says, the newest first. The texts are left where they are."""
    found = Delivery.objects.filter(queued_at__gte=now - LATELY)
    found = found.followed() if figure == Figure.FOLLOWED else found.went_out()
    if cut.track:
        found = found.filter(enrolment__track=cut.track)
    if cut.step:
        found = found.filter(step__in=_same(cut.step))
    related = found.select_related(
        "enrolment__lead__company", "enrolment__track__agreement", "step", "message"
    )
    return related.defer("step__body", *_TEXTS).order_by("-queued_at", "-pk")


_TEXTS = [f"message__{name}" for name in ("text", "html", "headers", "context")]


def _same(step: Step) -> QuerySet[Step]:
    """The step on every revision of its track that says and offers the same (see `tracks.STEPS_DID`)."""
    said: dict[str, Any] = {
        name: getattr(step, name) for name in ("subject", "body", "offer_name", "offer_url")
    }
    return Step.objects.filter(revision__track=step.revision.track_id, **said)
