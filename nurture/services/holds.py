"""Why nothing is sent to somebody in a track: one statement for a track, or for leads that changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

BY_LEAD = "WHEN lead.email IS NULL THEN 'no_email' WHEN lead.email_consent <> 'given' THEN 'no_consent'"
REHOLD = f"""
WITH wanted AS (
    SELECT enrolment.id,
        CASE
            {BY_LEAD}
            WHEN NOT track.is_active THEN 'paused'
            ELSE ''
        END AS hold
    FROM nurture_enrolment enrolment
    JOIN leads_lead lead ON lead.id = enrolment.lead_id
    JOIN nurture_track track ON track.id = enrolment.track_id
    WHERE enrolment.state = 'active' AND {{chosen}}
    ORDER BY enrolment.id
    FOR NO KEY UPDATE OF enrolment
)
UPDATE nurture_enrolment SET
    hold = wanted.hold,
    next_at = CASE WHEN wanted.hold = '' THEN GREATEST(nurture_enrolment.due_at, %(now)s) END,
    updated_at = %(now)s
FROM wanted
WHERE nurture_enrolment.id = wanted.id AND nurture_enrolment.hold <> wanted.hold
"""
# What was due while it was held comes at once, not all at the instants that have passed.

CHANGED = f"""
SELECT lead.id
FROM nurture_enrolment enrolment
JOIN leads_lead lead ON lead.id = enrolment.lead_id
WHERE enrolment.state = 'active' AND lead.id = ANY(%(leads)s) AND (
    lead.email_consent = 'withdrawn'
    OR CASE {BY_LEAD} ELSE '' END <> replace(enrolment.hold, 'paused', '')
)
"""


def changed_among(lead_ids: Sequence[int]) -> list[int]:
    """Leads in a track who withdrew consent, or whose address or consent no longer says what their hold says."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, {"leads": list(lead_ids)})
        return [lead_id for (lead_id,) in cursor.fetchall()]


def rehold_track(track_id: int, *, now: datetime) -> int:
    """Everybody in a track that was started or paused under its lock; returns for how many something changed."""
    return _run("enrolment.track_id = %(track)s", now=now, track=track_id)


def rehold_leads(lead_ids: Sequence[int], *, now: datetime) -> int:
    """Leads whose address or consent may have changed; returns for how many something did. Their tracks are
    shared (`locks.share_tracks`), so that nobody starts or pauses one meanwhile.
    """
    return _run("enrolment.lead_id = ANY(%(leads)s)", now=now, leads=list(lead_ids))


def _run(chosen: str, **values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(REHOLD.format(chosen=chosen), values)
        return int(cursor.rowcount)
