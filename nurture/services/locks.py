"""Who may touch an enrolment, one act at a time.

Every writer locks in one order: leads by id (as handoffs do), then the tracks they are in or get into, by id, and
only then enrolments. Whoever moves leads shares a track with others who do; whoever starts, pauses or writes it
has it alone (`tracks.lock_track`). So the one always sees what the other did, or is waited for.
"""

from collections.abc import Collection

from django.db import connection

SHARE = """
SELECT id FROM nurture_track
WHERE id = ANY(%(tracks)s)
    OR id IN (SELECT track_id FROM nurture_enrolment WHERE state = 'active' AND lead_id = ANY(%(leads)s))
ORDER BY id
FOR SHARE
"""


def share_tracks(*, lead_ids: Collection[int], track_ids: Collection[int] = ()) -> list[int]:
    """Until the transaction ends nobody starts, pauses or writes these tracks, nor those that these leads are in.

    Returns which tracks these are. What is known of a track has to be read after this.
    """
    with connection.cursor() as cursor:
        cursor.execute(SHARE, {"tracks": list(track_ids), "leads": list(lead_ids)})
        return [track_id for (track_id,) in cursor.fetchall()]
