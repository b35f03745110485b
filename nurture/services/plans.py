"""When the e-mails of a track come, and which of them a lead had before."""

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from hashlib import md5

from django.db.models import TextField, Value
from django.db.models.functions import MD5, Concat

from agreements.business_time import Schedule
from agreements.selectors import current_revision
from nurture.models import Delivery, Step, Track, TrackRevision


def schedule_of(track: Track) -> Schedule:
    """The business hours that waits in business time are counted by: those of the agreement's calendar."""
    return current_revision(track.agreement.calendar_id).schedule


class Plan:
    """When the steps of one revision come."""

    def __init__(
        self, revision: TrackRevision, schedule: Schedule, steps: Sequence[Step] | None = None
    ) -> None:
        self.revision = revision
        self.schedule = schedule
        self.steps = list(revision.steps.all()) if steps is None else list(steps)

    def step(self, position: int) -> Step | None:
        """None beyond the last."""
        return self.steps[position - 1] if position <= len(self.steps) else None

    def next_new(self, texts: Set[str], *, after: int = 0) -> int:
        """The position of the first step beyond `after` that says something else than the `texts` (`text_of`)
        that a lead received before; else one beyond the last.
        """
        beyond = enumerate(self.steps[after:], after + 1)
        new = (position for position, step in beyond if text_of(step) not in texts)
        return next(new, len(self.steps) + 1)

    def due(self, position: int, *, after: datetime, started_at: datetime) -> datetime:
        """When a step comes if the one before was sent at `after`; beyond the last, when the stay is over."""
        step = self.step(position)
        if step is None:
            return max(after, started_at + timedelta(days=self.revision.lasts_days))
        due: datetime = step.wait.due(self.schedule, after)
        return due


def text_of(step: Step) -> str:
    """What tells a text from another: a digest, so that the texts themselves stay in the database."""
    return md5(f"{step.subject}\n{step.body}".encode(), usedforsecurity=False).hexdigest()


def texts_received(lead_ids: Sequence[int]) -> dict[int, set[str]]:
    """By lead the texts (`text_of`) that it received or will, whatever the track; empty for one that got none.

    What was withheld or refused right before it went out, its reader never got: it may come again.
    """
    texts: dict[int, set[str]] = defaultdict(set)
    sent = Delivery.objects.went_out().filter(enrolment__lead__in=lead_ids, refused_at=None).order_by()
    text = MD5(Concat("step__subject", Value("\n"), "step__body", output_field=TextField()))
    for lead_id, digest in sent.annotate(text=text).values_list("enrolment__lead_id", "text"):
        texts[lead_id].add(digest)
    return texts
