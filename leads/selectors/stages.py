"""Where leads stand."""

from collections.abc import Sequence

from django.db import connection

STAGES = "SELECT id, stage FROM leads_lead WHERE id = ANY(%s::bigint[])"


def stages_of(lead_ids: Sequence[int]) -> dict[int, str]:
    """Lead id → stage. For thousands: as one parameter, which is quicker than one for each."""
    with connection.cursor() as cursor:
        cursor.execute(STAGES, [f"{{{','.join(map(str, lead_ids))}}}"])
        return dict(cursor.fetchall())
