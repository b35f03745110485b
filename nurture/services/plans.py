"""When the e-mails of a track come, and which of them a lead had before."""

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import datetime, timedelta

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

    def next_new(self, texts: Set[tuple[str, str]], *, after: int = 0) -> int:
        """The position of the first step beyond `after` whose subject and body are not among the `texts` that
        a lead was sent before; else one beyond the last.
        """
        beyond = enumerate(self.steps[after:], after + 1)
        new = (position for position, step in beyond if (step.subject, step.body) not in texts)
        return next(new, len(self.steps) + 1)

    def due(self, position: int, *, after: datetime, started_at: datetime) -> datetime:
        """When a step comes if the one before was sent at `after`; beyond the last, when the stay is over."""
        step = self.step(position)
        if step is None:
            return max(after, started_at + timedelta(days=self.revision.lasts_days))
        due: datetime = step.wait.due(self.schedule, after)
        return due


def texts_received(lead_ids: Sequence[int]) -> dict[int, set[tuple[str, str]]]:
    """By lead the subjects and bodies it was sent, whatever the track; empty for one that got none."""
    texts: dict[int, set[tuple[str, str]]] = defaultdict(set)
    sent = Delivery.objects.filter(enrolment__lead__in=lead_ids).order_by()
    for lead_id, subject, body in sent.values_list("enrolment__lead_id", "step__subject", "step__body"):
        texts[lead_id].add((subject, body))
    return texts
