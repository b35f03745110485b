"""How a lead gets into a track: the same statements for one and for thousands."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.models import Version
from handoffs.models import Handoff, HandoffState
from handoffs.services.locks import lock_leads
from handoffs.terms import terms_of
from leads.models import Consent, Lead
from leads.stages import Stage
from nurture.models import (
    Cause,
    EndedWhy,
    Enrolment,
    EnrolmentState,
    Hold,
    Suppression,
    Track,
    TrackRevision,
)
from nurture.services.leaving import end_enrolments
from nurture.services.locks import share_tracks
from nurture.services.plans import Plan, schedule_of, texts_received
from nurture.services.refusals import AlreadyInTrack, CannotEnrol, MustNotWrite
from nurture.services.starter import ensure_tracks


@dataclass(frozen=True)
class Entry:
    """A lead that gets into a track, and what caused it (law 7): the clause, and the return if there was one."""

    lead_id: int
    track: Track
    cause: Cause
    version_id: int | None = None
    clause_key: str = ""
    handoff_id: int | None = None
    note: str = ""


# --- Causes -------------------------------------------------------------------------------------------------


def enrol_returned(handoff_ids: Sequence[int], *, now: datetime, actor: User | None) -> list[Enrolment]:
    """Enrol what sales returned or rejected in the track that the reason names, citing the reason.

    Reasons without a track enrol nobody. A track that nobody made yet is made, and waits to be started: no
    returned lead is lost. A return enrols once.
    """
    states = (HandoffState.RETURNED, HandoffState.REJECTED)
    handoffs = Handoff.objects.filter(pk__in=handoff_ids, state__in=states, enrolments=None)
    named: dict[int, set[str]] = defaultdict(set)
    wanted: list[tuple[Handoff, str]] = []
    for handoff in handoffs.select_related("version").order_by("lead_id"):
        reason = terms_of(handoff.version_id).reasons.get(handoff.reason_key)
        if reason and reason.track:
            named[handoff.version_id].add(reason.track)
            wanted.append((handoff, reason.track))
    tracks = {
        (version_id, key): track
        for version_id, keys in named.items()
        for key, track in ensure_tracks(version_id, keys, now=now).items()
    }
    entries = [
        Entry(
            lead_id=handoff.lead_id,
            track=tracks[handoff.version_id, key],
            cause=Cause.RETURN,
            version_id=handoff.version_id,
            clause_key=handoff.reason_key,
            handoff_id=handoff.pk,
        )
        for handoff, key in wanted
        if (handoff.version_id, key) in tracks
    ]
    return enrol_leads(entries, now=now, actor=actor)


@transaction.atomic
def enrol_by_hand(*, lead_id: int, track_key: str, note: str = "", now: datetime, actor: User) -> Enrolment:
    """Somebody puts a lead into a track of its agreement; a lead in another track moves.

    Whoever cannot be written to yet (no address, no consent) is enrolled and held, which the enrolment's
    `hold` says. Raises `CannotEnrol` (no such track in force, or the lead is disqualified or a customer),
    `MustNotWrite` (unsubscribed, consent withdrawn, address refused), `AlreadyInTrack`, `Lead.DoesNotExist`.
    """
    lead = next(iter(lock_leads([lead_id])), None)
    if lead is None:
        raise Lead.DoesNotExist
    track, version = _track_of(lead, track_key, now=now)
    _check_may_write(lead)
    if Enrolment.objects.active().filter(lead=lead, track=track).exists():
        raise AlreadyInTrack(lead, track)
    entry = Entry(
        lead_id=lead_id,
        track=track,
        cause=Cause.HAND,
        version_id=version.pk,
        clause_key=track.key,
        note=note.strip()[:300],
    )
    return enrol_leads([entry], now=now, actor=actor)[0]


def _track_of(lead: Lead, key: str, *, now: datetime) -> tuple[Track, Version]:
    if lead.stage in (Stage.DISQUALIFIED, Stage.CUSTOMER):
        raise CannotEnrol(
            _("%(lead)s is not to be nurtured: %(stage)s.")
            % {"lead": lead, "stage": lead.get_stage_display()}
        )
    version = Version.objects.active().filter(agreement=lead.agreement_id).first()
    track = ensure_tracks(version.pk, [key], now=now).get(key) if version else None
    if version is None or track is None:
        raise CannotEnrol(_("The lead’s agreement has no track “%(key)s”.") % {"key": key})
    return track, version


def _check_may_write(lead: Lead) -> None:
    if suppression := Suppression.objects.in_force().filter(address=lead.email or "").first():
        raise MustNotWrite(
            _("%(lead)s must not be written to: %(why)s.")
            % {"lead": lead, "why": suppression.get_why_display().lower()}
        )
    if lead.email_consent == Consent.WITHDRAWN:
        raise MustNotWrite(_("%(lead)s withdrew consent to e-mail.") % {"lead": lead})


# --- The enrolment itself -----------------------------------------------------------------------------------


@transaction.atomic
def enrol_leads(entries: Sequence[Entry], *, now: datetime, actor: User | None) -> list[Enrolment]:
    """Enrol leads, each on the newest revision of its track; whoever is in another one moves, and whoever is
    in the same one begins anew. Returns the enrolments in the order of `entries`, one for each lead at most.

    What a lead received before, in whatever track, it is not sent again. Somebody who must not be written to
    leaves at once, and the record says why. The number of statements depends on that of tracks, not of leads.
    """
    if not entries:
        return []
    leads = {lead.pk: lead for lead in lock_leads(sorted({entry.lead_id for entry in entries}))}
    track_ids = {entry.track.pk for entry in entries}
    share_tracks(lead_ids=leads, track_ids=track_ids)
    end_enrolments(dict.fromkeys(leads, EndedWhy.MOVED), now=now)
    plans = _plans(track_ids)
    suppressed = suppressed_among(lead.email for lead in leads.values() if lead.email)
    received = texts_received(list(leads))
    enrolments = [
        _enrolment(entry, leads[entry.lead_id], plans[entry.track.pk], suppressed, received, now, actor)
        for entry in {entry.lead_id: entry for entry in entries}.values()
        if entry.lead_id in leads
    ]
    return Enrolment.objects.bulk_create(enrolments, batch_size=1000)


def _plans(track_ids: Collection[int]) -> dict[int, Plan]:
    """By track its newest revision, with the track as it is now: it may have been started since an entry was
    written.
    """
    newest = (
        TrackRevision.objects.filter(track__in=track_ids)
        .order_by("track_id", "-number")
        .distinct("track_id")
        .select_related("track__agreement")
        .prefetch_related("steps")
    )
    return {each.track_id: Plan(each, schedule_of(each.track)) for each in newest}


def suppressed_among(addresses: Iterable[str]) -> dict[str, str]:
    """Of the addresses those not written to, and why."""
    asked = list(addresses)
    if not asked:
        return {}
    return dict(Suppression.objects.in_force().filter(address__in=asked).values_list("address", "why"))


def _enrolment(
    entry: Entry,
    lead: Lead,
    plan: Plan,
    suppressed: Mapping[str, str],
    received: Mapping[int, set[str]],
    now: datetime,
    actor: User | None,
) -> Enrolment:
    position = plan.next_new(received[lead.pk])
    enrolment = Enrolment(
        lead=lead,
        track=plan.revision.track,
        revision=plan.revision,
        cause=entry.cause,
        handoff_id=entry.handoff_id,
        enrolled_by=actor if entry.cause == Cause.HAND else None,
        note=entry.note,
        version_id=entry.version_id,
        clause_key=entry.clause_key,
        started_at=now,
        position=position,
        due_at=plan.due(position, after=now, started_at=now),
        updated_at=now,
    )
    if why := must_not_write(lead, suppressed):
        enrolment.state, enrolment.ended_at, enrolment.ended_why = EnrolmentState.ENDED, now, why
        return enrolment
    enrolment.hold = hold_of(lead, plan.revision.track)
    enrolment.next_at = None if enrolment.hold else enrolment.due_at
    return enrolment


def must_not_write(lead: Lead, suppressed: Mapping[str, str]) -> EndedWhy | None:
    """Why a lead must not be written to; none if it may."""
    why = suppressed.get(lead.email or "")
    if why:
        return EndedWhy.SUPPRESSED
    return EndedWhy.WITHDRAWN if lead.email_consent == Consent.WITHDRAWN else None


def hold_of(lead: Lead, track: Track) -> Hold:
    """Why nothing is sent to a lead for now. The same stands in SQL in `holds.REHOLD`."""
    if lead.email is None:
        return Hold.NO_EMAIL
    if lead.email_consent != Consent.GIVEN:
        return Hold.NO_CONSENT
    return Hold.NONE if track.is_active else Hold.PAUSED
