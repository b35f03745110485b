"""Which tracks run, who is in them, what did they do?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F, Prefetch, Q, QuerySet

from agreements.models import Agreement
from agreements.selectors import ClauseRef, active_versions, cite, clauses
from nurture.models import (
    NOT_OUT,
    OUT_OF_REACH,
    Delivery,
    EndedWhy,
    Enrolment,
    EnrolmentState,
    NurtureTrack,
    Step,
    Track,
    TrackRevision,
)
from nurture.rules import is_placeholder

LATELY = timedelta(days=90)
"""What counts as lately: as long as a track lasts, so that the figures speak of people still remembered."""
CANNOT = OUT_OF_REACH
"""The same for those who count it from outside."""


@dataclass
class Figures:
    """`inside`, `unreachable` are as of now; the others count what happened lately."""

    inside: int = 0
    unreachable: int = 0
    left: int = 0
    sent: int = 0
    clicked: int = 0
    qualified: int = 0
    unsubscribed: int = 0


@dataclass
class TrackLine:
    """A track with its clause in force (none if the agreement no longer has it) and its newest revision."""

    track: Track
    clause: ClauseRef | None
    buyer_stage: str
    revision: TrackRevision
    figures: Figures = field(default_factory=Figures)

    @property
    def steps(self) -> Sequence[Step]:
        return list(self.revision.steps.all())

    @property
    def has_placeholders(self) -> bool:
        return any(is_placeholder(step.offer_url) for step in self.steps)


@dataclass
class Promised:
    """A clause of an agreement in force for which nobody made a track."""

    agreement: Agreement
    clause: NurtureTrack
    ref: ClauseRef | None


def track_lines(*, now: datetime, track_id: int | None = None) -> list[TrackLine]:
    """Every track in the order of the agreements' clauses, those without a clause last.

    A fixed number of queries; what is counted lately is read by index over the last 90 days alone.
    """
    tracks = Track.objects.select_related("agreement").order_by("agreement_id", "pk")
    if track_id is not None:
        tracks = tracks.filter(pk=track_id)
    found = list(tracks)
    revisions = _newest(found)
    promised = {
        (version.agreement_id, clause.key): (version.pk, clause)
        for version in active_versions()
        for clause in clauses(version.pk, NurtureTrack)
    }
    lines = [_line(track, revisions[track.pk], promised) for track in found if track.pk in revisions]
    _count(lines, now=now)
    order = {key: number for number, key in enumerate(promised)}
    return sorted(lines, key=lambda line: order.get((line.track.agreement_id, line.track.key), len(order)))


def _newest(tracks: Sequence[Track]) -> dict[int, TrackRevision]:
    newest = (
        TrackRevision.objects.filter(track__in=tracks).order_by("track_id", "-number").distinct("track_id")
    )
    revisions = newest.select_related("created_by").prefetch_related(
        Prefetch("steps", Step.objects.order_by("position"))
    )
    return {revision.track_id: revision for revision in revisions}


def _line(
    track: Track, revision: TrackRevision, promised: Mapping[tuple[int, str], tuple[int, NurtureTrack]]
) -> TrackLine:
    version_id, clause = promised.get((track.agreement_id, track.key), (None, None))
    stage = str(clause.get_buyer_stage_display()) if clause else ""
    return TrackLine(track, cite(version_id, track.key), stage, revision)


def promised_without_track() -> list[Promised]:
    """Clauses in force that no track runs yet."""
    known = set(Track.objects.values_list("agreement_id", "key"))
    return [
        Promised(version.agreement, clause, cite(version.pk, clause.key))
        for version in active_versions()
        for clause in clauses(version.pk, NurtureTrack)
        if (version.agreement_id, clause.key) not in known
    ]


def several_agreements() -> bool:
    """Whether tracks of one name may belong to different agreements, so that each has to be named."""
    return len(Track.objects.order_by().values("agreement").distinct()[:2]) > 1


def resting() -> int:
    """How many clauses in force are without a track that runs: who is in one of these is not written to."""
    running = set(Track.objects.filter(is_active=True).values_list("agreement_id", "key"))
    promised = {
        (version.agreement_id, clause.key)
        for version in active_versions()
        for clause in clauses(version.pk, NurtureTrack)
    }
    return len(promised - running)


# --- Counting -----------------------------------------------------------------------------------------------


def _count(lines: Sequence[TrackLine], *, now: datetime) -> None:
    by_track = {line.track.pk: line.figures for line in lines}
    since = now - LATELY
    _count_inside(by_track)
    _count_endings(by_track, since)
    _count_deliveries(by_track, since)


def _count_inside(by_track: Mapping[int, Figures]) -> None:
    active = Enrolment.objects.active().filter(track__in=list(by_track)).order_by()
    for track_id, hold, count in active.values_list("track_id", "hold").annotate(count=Count("pk")):
        by_track[track_id].inside += count
        if hold in OUT_OF_REACH:
            by_track[track_id].unreachable += count


def _count_endings(by_track: Mapping[int, Figures], since: datetime) -> None:
    ended = Enrolment.objects.left_since(since).filter(track__in=list(by_track)).order_by()
    for track_id, why, count in ended.values_list("track_id", "ended_why").annotate(count=Count("pk")):
        by_track[track_id].left += count
        if why == EndedWhy.QUALIFIED:
            by_track[track_id].qualified += count
        if why == EndedWhy.UNSUBSCRIBED:
            by_track[track_id].unsubscribed += count


def _count_deliveries(by_track: Mapping[int, Figures], since: datetime) -> None:
    sent = Delivery.objects.filter(queued_at__gte=since, enrolment__track__in=list(by_track)).order_by()
    rows = sent.values_list("enrolment__track_id").annotate(
        sent=Count("pk", filter=~Q(message__state__in=NOT_OUT) | Q(message=None)),
        clicked=Count("pk", filter=Q(clicked_at__isnull=False)),
    )
    for track_id, count, clicked in rows:
        by_track[track_id].sent, by_track[track_id].clicked = count, clicked


@dataclass(frozen=True)
class StepLine:
    """A step of a revision and what came of it lately, on whatever revision of the track it said and offered
    the same: an edit of another step, of a wait or of the order leaves its figures as they are.
    """

    step: Step
    sent: int
    clicked: int


STEPS_DID = """
SELECT step.id,
    count(*) FILTER (WHERE message.state IS NULL OR message.state <> ALL(%(not_out)s)),
    count(delivery.clicked_at)
FROM nurture_step step
JOIN nurture_trackrevision revision ON revision.track_id = %(track)s
JOIN nurture_step same ON same.revision_id = revision.id
    AND (same.subject, same.body) = (step.subject, step.body)
    AND (same.offer_name, same.offer_url) = (step.offer_name, step.offer_url)
JOIN nurture_delivery delivery ON delivery.step_id = same.id AND delivery.queued_at >= %(since)s
LEFT JOIN outbox_message message ON message.id = delivery.message_id
WHERE step.revision_id = %(revision)s
GROUP BY step.id
"""


def step_lines(revision: TrackRevision, *, now: datetime) -> list[StepLine]:
    """The steps of a revision; sent and followed counts are of the last 90 days. Two queries."""
    values: dict[str, Any] = {"track": revision.track_id, "revision": revision.pk}
    values |= {"since": now - LATELY, "not_out": [str(state) for state in NOT_OUT]}
    with connection.cursor() as cursor:
        cursor.execute(STEPS_DID, values)
        counts = {step_id: (sent, clicked) for step_id, sent, clicked in cursor.fetchall()}
    return [StepLine(step, *counts.get(step.pk, (0, 0))) for step in revision.steps.order_by("position")]


# --- Who is in ----------------------------------------------------------------------------------------------

SHOWS = ("inside", "held", "left")


def people(track: Track, show: str, *, now: datetime) -> QuerySet[Enrolment]:
    """Enrolments of a track, as many as the figure says: who is in it with the soonest due first, who of them
    cannot be written to, or who left lately, with the newest first.
    """
    found = (
        Enrolment.objects.filter(track=track)
        .select_related("lead__company", "revision", "enrolled_by", "handoff")
        .annotate(
            sent=Count("deliveries", filter=~Q(deliveries__message__state__in=NOT_OUT)),
            clicked=Count("deliveries", filter=Q(deliveries__clicked_at__isnull=False)),
        )
    )
    if show == "held":
        return found.unreachable().order_by("-started_at", "-pk")
    if show == "left":
        return found.left_since(now - LATELY).order_by("-ended_at", "-pk")
    soonest_first = F("next_at").asc(nulls_last=True)
    return found.active().order_by(soonest_first, "due_at", "pk")


def revisions_of(track: Track) -> list[TrackRevision]:
    """All revisions, the newest first, each with how many are still on it (`inside`)."""
    inside = Count("enrolments", filter=Q(enrolments__state=EnrolmentState.ACTIVE))
    found = TrackRevision.objects.filter(track=track).select_related("created_by").annotate(inside=inside)
    return list(found.order_by("-number"))


def sample_leads(track: Track, most: int = 12) -> list[Enrolment]:
    """Some who are in the track, the newest first, to see a step with."""
    found = (
        Enrolment.objects.filter(track=track).select_related("lead__company").order_by("-started_at", "-pk")
    )
    seen: dict[int, Enrolment] = {}
    for enrolment in found[: most * 2]:
        seen.setdefault(enrolment.lead_id, enrolment)
    return list(seen.values())[:most]
