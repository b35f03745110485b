"""Tracks that run, leads that may be written to, and enrolments as the services make them."""

from datetime import datetime
from typing import Any

from accounts.models import User
from agreements.models import Version
from handoffs.models import Handoff
from handoffs.services import accept_handoff, return_handoff
from leads.models import Consent, Lead
from nurture.models import Cause, Delivery, Enrolment, Track
from nurture.services import (
    Entry,
    StepDraft,
    adopt_starter_tracks,
    enrol_leads,
    ensure_tracks,
    save_track,
    send_steps,
    start_track,
)
from tests.factories.agreements import active_version, starter_content
from tests.factories.handoffs import lead_of, urgent_handoff

SITE = "https://www.bar.example"
KEY = "track-consideration"
STEPS = (
    StepDraft("1 day", "Hello {{ first_name|there }}", "First.\n\n{{ offer }}", "The guide", f"{SITE}/guide"),
    StepDraft("3 days", "Second", "No offer in here for {{ company|you }}."),
    StepDraft("5 days", "Third", "Last words.", "The talk", f"{SITE}/talk"),
)


def south_of(starter: Version, *, now: datetime) -> Version:
    """A second agreement, with tracks of the same names."""
    covers = [{"field": "company.country", "op": "in", "value": ["IT"]}]
    about = {"name": "South", "slug": "south", "default": False, "covers": covers}
    return active_version(starter_content(agreement=starter_content()["agreement"] | about), now=now)


def running_tracks(version: Version, *, now: datetime) -> dict[str, Track]:
    """The starter's tracks, started, by key."""
    adopt_starter_tracks(agreement_id=version.agreement_id, site=SITE, now=now, actor=None)
    return ensure_tracks(version.pk, None, now=now)


def running_track(version: Version, *, now: datetime, steps: Any = STEPS, key: str = KEY) -> Track:
    """One track that says what STEPS say, and runs."""
    track = ensure_tracks(version.pk, [key], now=now)[key]
    save_track(track_id=track.pk, name=track.name, lasts_days=30, steps=steps, now=now, actor=None)
    return start_track(track_id=track.pk, now=now, actor=None)


def willing(version: Version, **fields: Any) -> Lead:
    """A lead that has said yes to e-mail."""
    return lead_of(version, **{"email_consent": Consent.GIVEN, **fields})


def enrol(track: Track, *leads: Lead, now: datetime) -> list[Enrolment]:
    entries = [Entry(lead.pk, track, Cause.RULE) for lead in leads]
    return enrol_leads(entries, now=now, actor=None)


def returned(
    version: Version,
    *,
    now: datetime,
    reason: str = "return-not-now",
    owner: User | None = None,
    **fields: Any,
) -> Handoff:
    """A demo request that its owner accepted and gave back at once."""
    handoff = urgent_handoff(version, now, **{"email_consent": Consent.GIVEN, **fields})
    rep = owner or handoff.owner
    accept_handoff(handoff_id=handoff.pk, now=now, actor=rep)
    return return_handoff(handoff_id=handoff.pk, reason_key=reason, now=now, actor=rep)


def sent(track: Track, lead: Lead, *, now: datetime) -> Delivery:
    """The first step of a track that was just sent to a lead."""
    [enrolment] = enrol(track, lead, now=now)
    send_steps(now=enrolment.due_at)
    return Delivery.objects.get(enrolment=enrolment)
