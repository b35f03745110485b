"""Writing and running tracks. What is written is a new revision; nobody in the track is moved to it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.spans import Span, SpanError, Unit
from nurture.models import Delivery, Enrolment, Step, Track, TrackRevision
from nurture.rules import TemplateError, check_address, is_placeholder, parse
from nurture.services.holds import rehold_track
from nurture.services.plans import Plan, schedule_of, texts_received
from nurture.services.refusals import (
    CannotRun,
    EditedMeanwhile,
    RenamedMeanwhile,
    TrackInvalid,
    TrackProblem,
)
from outbox.models import MessageState
from outbox.services import send_waiting

MOST_STEPS = 30
LONGEST_STAY = 730
"""Days."""
LONGEST = {"subject": 200, "body": 20_000, "offer_name": 120, "offer_url": 500}


@dataclass(frozen=True)
class StepDraft:
    """A step as somebody writes it. `wait` is as people say it: “5 days”, “2 business days”."""

    wait: str
    subject: str
    body: str
    offer_name: str = ""
    offer_url: str = ""


# --- Checking -----------------------------------------------------------------------------------------------


def check_track(*, name: str, lasts_days: int, steps: Sequence[StepDraft]) -> list[TrackProblem]:
    """Everything that is wrong with a track, each beside its field."""
    problems = list(_about_the_track(name, lasts_days, steps))
    for position, step in enumerate(steps, start=1):
        problems += _about_step(position, step)
    if not problems and shortest(steps) > timedelta(days=lasts_days):
        problems.append(
            TrackProblem(0, "lasts_days", _("The last e-mail comes later than that: make the stay longer."))
        )
    return problems


def _about_the_track(name: str, lasts_days: int, steps: Sequence[StepDraft]) -> Iterable[TrackProblem]:
    if not name.strip():
        yield TrackProblem(0, "name", _("Give the track a name."))
    if not 1 <= lasts_days <= LONGEST_STAY:
        yield TrackProblem(0, "lasts_days", _("Between 1 and %(most)s days.") % {"most": LONGEST_STAY})
    if len(steps) > MOST_STEPS:
        yield TrackProblem(0, "steps", _("A track has at most %(most)s e-mails.") % {"most": MOST_STEPS})


def _about_step(position: int, step: StepDraft) -> Iterable[TrackProblem]:
    def problem(field: str, message: str) -> TrackProblem:
        return TrackProblem(position, field, message)

    try:
        Span.parse(step.wait)
    except SpanError as error:
        yield problem("wait", error.in_words(gettext))
    for field, most in LONGEST.items():
        if len(getattr(step, field)) > most:
            yield problem(field, _("At most %(most)s characters.") % {"most": most})
    for field in ("subject", "body"):
        if not getattr(step, field).strip():
            yield problem(field, _("This cannot be empty."))
    has_offer = bool(step.offer_url)
    for field, options in (("subject", {"is_subject": True}), ("body", {"has_offer": has_offer})):
        try:
            parse(getattr(step, field), **options)
        except TemplateError as error:
            yield problem(field, error.in_words(gettext))
    yield from (problem(field, message) for field, message in _about_offer(step))


def _about_offer(step: StepDraft) -> Iterable[tuple[str, str]]:
    if step.offer_url and not step.offer_name.strip():
        yield "offer_name", _("Say what is offered: the link carries these words.")
    if step.offer_name.strip() and not step.offer_url:
        yield "offer_url", _("Say where the offer is: an address that begins with https://.")
    if step.offer_url:
        try:
            check_address(step.offer_url)
        except TemplateError as error:
            yield "offer_url", error.in_words(gettext)


def _against_running(steps: Sequence[StepDraft]) -> Iterable[TrackProblem]:
    if not steps:
        yield TrackProblem(0, "steps", _("A track that runs needs an e-mail: pause it before you empty it."))
    for position, step in enumerate(steps, start=1):
        if is_placeholder(step.offer_url):
            message = _("The track runs: give an address on your own website instead of example.com.")
            yield TrackProblem(position, "offer_url", message)


_SHORTEST = {Unit.BUSINESS_DAY: timedelta(days=1), Unit.DAY: timedelta(days=1)}
_SHORTEST |= {Unit.BUSINESS_HOUR: timedelta(hours=1), Unit.HOUR: timedelta(hours=1)}


def shortest(steps: Sequence[StepDraft]) -> timedelta:
    """From enrolment to the last e-mail at the least; business time can only take longer."""
    spans = [Span.parse(step.wait) for step in steps]
    waits = (span.amount * _SHORTEST.get(span.unit, timedelta(minutes=1)) for span in spans)
    return sum(waits, timedelta())


# --- Saving -------------------------------------------------------------------------------------------------


@transaction.atomic
def save_track(
    *,
    track_id: int,
    name: str,
    lasts_days: int,
    steps: Sequence[StepDraft],
    note: str = "",
    base: int | None = None,
    base_name: str | None = None,
    now: datetime,
    actor: User | None,
) -> TrackRevision:
    """Write a track anew; what says the same as before changes nothing.

    Who is in the track stays on their revision. Only while the track never ran do those who wait, and got
    nothing yet, begin with the new one. `base` and `base_name` are the revision and the name that the writer saw. What
    `start_track` asks of a track holds for one that runs. Raises `TrackInvalid` with everything that is wrong,
    `EditedMeanwhile`, `RenamedMeanwhile`, and `Track.DoesNotExist`.
    """
    if problems := check_track(name=name, lasts_days=lasts_days, steps=steps):
        raise TrackInvalid(problems)
    track = lock_track(track_id)
    newest = newest_revision(track)
    if base is not None and newest.number != base:
        raise EditedMeanwhile(newest.number)
    if base_name is not None and track.name not in (base_name, name.strip()):
        raise RenamedMeanwhile(track.name)
    if track.is_active and (problems := list(_against_running(steps))):
        raise TrackInvalid(problems)
    if track.name != name.strip():
        track.name = name.strip()
        track.save(update_fields=["name"])
    if (newest.lasts_days, drafts_of(newest)) == (lasts_days, [_normal(step) for step in steps]):
        return newest
    revision = write_revision(
        track, newest.number + 1, lasts_days=lasts_days, steps=steps, note=note, now=now, actor=actor
    )
    if track.ran_at is None:
        _begin_anew(track, revision, now=now)
    return revision


def lock_track(track_id: int) -> Track:
    """Raises `Track.DoesNotExist`."""
    return _locking().get(pk=track_id)


def lock_tracks(track_ids: Collection[int]) -> list[Track]:
    """All at once, by id: who locks several one after the other has to go by id, too (`locks`)."""
    return list(_locking().filter(pk__in=track_ids).order_by("pk"))


def _locking() -> QuerySet[Track]:
    return Track.objects.select_related("agreement").select_for_update(of=("self",), no_key=True)


def newest_revision(track: Track) -> TrackRevision:
    return TrackRevision.objects.filter(track=track).order_by("-number")[:1].get()


def drafts_of(revision: TrackRevision) -> list[StepDraft]:
    """The steps of a revision as somebody would write them."""
    return [
        StepDraft(str(step.wait), step.subject, step.body, step.offer_name, step.offer_url)
        for step in revision.steps.all()
    ]


def _normal(step: StepDraft) -> StepDraft:
    """As it is kept."""
    return StepDraft(
        wait=str(Span.parse(step.wait)),
        subject=" ".join(step.subject.split()),
        body=step.body.replace("\r\n", "\n").strip(),
        offer_name=" ".join(step.offer_name.split()),
        offer_url=step.offer_url.strip(),
    )


def write_revision(
    track: Track,
    number: int,
    *,
    lasts_days: int,
    steps: Sequence[StepDraft],
    note: str,
    now: datetime,
    actor: User | None,
) -> TrackRevision:
    """Save a revision with its steps, which were checked."""
    revision = TrackRevision.objects.create(
        track=track,
        number=number,
        lasts_days=lasts_days,
        step_count=len(steps),
        note=note[:300],
        created_by=actor,
        created_at=now,
    )
    Step.objects.bulk_create(
        Step(
            revision=revision,
            position=position,
            wait=step.wait,
            subject=step.subject,
            body=step.body,
            offer_name=step.offer_name,
            offer_url=step.offer_url,
        )
        for position, step in enumerate(map(_normal, steps), start=1)
    )
    return revision


def _begin_anew(track: Track, revision: TrackRevision, *, now: datetime) -> None:
    """Those who wait for a track that never ran get it as it is written now, but for what they had elsewhere."""
    waiting = list(
        Enrolment.objects.active()
        .filter(track=track, deliveries=None)
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    plan = Plan(revision, schedule_of(track))
    received = texts_received([enrolment.lead_id for enrolment in waiting])
    for enrolment in waiting:
        begun = enrolment.started_at
        enrolment.revision = revision
        enrolment.position = plan.next_new(received[enrolment.lead_id])
        enrolment.due_at = plan.due(enrolment.position, after=begun, started_at=begun)
        enrolment.updated_at = now
    Enrolment.objects.bulk_update(waiting, ["revision", "position", "due_at", "updated_at"], batch_size=1000)


# --- Running ------------------------------------------------------------------------------------------------


@transaction.atomic
def start_track(*, track_id: int, now: datetime, actor: User | None) -> Track:
    """Let a track run: whoever waits gets what is due, and what was queued before a pause goes out. Running
    already, nothing changes.

    Raises `CannotRun` for a track without e-mails, or with an offer that leads to the placeholder website.
    """
    track = lock_track(track_id)
    if track.is_active:
        return track
    _check_ready(newest_revision(track))
    track.is_active, track.ran_at = True, track.ran_at or now
    track.save(update_fields=["is_active", "ran_at"])
    rehold_track(track.pk, now=now)
    send_waiting(message_ids=_under_way(track), now=now)
    return track


def _under_way(track: Track) -> list[int]:
    """E-mails that were queued before the track was paused, and wait since."""
    waiting = Delivery.objects.filter(
        enrolment__track=track, sent_at=None, message__state=MessageState.PENDING
    )
    return [message_id for message_id in waiting.values_list("message_id", flat=True) if message_id]


def _check_ready(revision: TrackRevision) -> None:
    steps = list(revision.steps.all())
    if not steps:
        raise CannotRun(_("This track has no e-mails yet. Write the first one, then start it."))
    if any(is_placeholder(step.offer_url) for step in steps):
        raise CannotRun(
            _("Its offers still lead to example.com. Give the addresses on your own website, then start it.")
        )


@transaction.atomic
def pause_track(*, track_id: int, now: datetime, actor: User | None) -> Track:
    """Stop sending: whoever is in the track stays and waits, and so does what is queued (`vetoes.veto`). Paused
    already, nothing changes.
    """
    track = lock_track(track_id)
    if not track.is_active:
        return track
    track.is_active = False
    track.save(update_fields=["is_active"])
    rehold_track(track.pk, now=now)
    return track
