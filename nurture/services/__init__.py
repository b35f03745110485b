"""Everything that is written about nurture. What the rules forbid raises `Refused`."""

from nurture.services.engagement import follow_offer, note_fetch, read_token, unsubscribe
from nurture.services.enrolling import Entry, enrol_by_hand, enrol_leads, enrol_returned
from nurture.services.leaving import end_enrolments, follow_stages, leave_track, refresh_holds
from nurture.services.refusals import (
    AlreadyInTrack,
    CannotEnrol,
    CannotRun,
    EditedMeanwhile,
    MustNotWrite,
    NotInTrack,
    NotSuppressed,
    Refused,
    RenamedMeanwhile,
    TrackInvalid,
    TrackProblem,
)
from nurture.services.sending import send_steps
from nurture.services.starter import adopt_everywhere, adopt_starter_tracks, ensure_tracks
from nurture.services.suppressing import lift_suppression, suppress_addresses, suppress_by_hand, take_bounces
from nurture.services.tracks import StepDraft, pause_track, save_track, start_track

__all__ = [
    "AlreadyInTrack",
    "CannotEnrol",
    "CannotRun",
    "EditedMeanwhile",
    "Entry",
    "MustNotWrite",
    "NotInTrack",
    "NotSuppressed",
    "Refused",
    "RenamedMeanwhile",
    "StepDraft",
    "TrackInvalid",
    "TrackProblem",
    "adopt_everywhere",
    "adopt_starter_tracks",
    "end_enrolments",
    "enrol_by_hand",
    "enrol_leads",
    "enrol_returned",
    "ensure_tracks",
    "follow_offer",
    "follow_stages",
    "leave_track",
    "lift_suppression",
    "note_fetch",
    "pause_track",
    "read_token",
    "refresh_holds",
    "save_track",
    "send_steps",
    "start_track",
    "suppress_addresses",
    "suppress_by_hand",
    "take_bounces",
    "unsubscribe",
]
