"""How a lead leaves its track, and what a change of the lead means for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.models import User
from handoffs.services.locks import lock_leads
from leads.models import Consent, Lead, StageChange
from leads.stages import Stage
from nurture.models import EndedWhy, Enrolment
from nurture.services.holds import changed_among, rehold_leads
from nurture.services.locks import share_tracks
from nurture.services.refusals import NotInTrack

END = """
UPDATE nurture_enrolment SET
    state = 'ended', ended_at = %(now)s, ended_why = ended.why, next_at = NULL, hold = '', updated_at = %(now)s
FROM unnest(%(leads)s::bigint[], %(whys)s::text[]) AS ended (lead_id, why)
WHERE nurture_enrolment.lead_id = ended.lead_id AND nurture_enrolment.state = 'active'
"""

WHY_BY_STAGE = {
    Stage.MQL: EndedWhy.QUALIFIED,
    Stage.SQL: EndedWhy.QUALIFIED,
    Stage.OPPORTUNITY: EndedWhy.QUALIFIED,
    Stage.CUSTOMER: EndedWhy.WON,
    Stage.LOST: EndedWhy.LOST,
    Stage.DISQUALIFIED: EndedWhy.DISQUALIFIED,
}
"""Stages whose entering takes a lead out of its track."""


def end_enrolments(whys: Mapping[int, EndedWhy], *, now: datetime) -> int:
    """Take leads out of the tracks they are in; `whys` is why by lead. Returns how many were in one.

    Two statements, one where none of them is in a track; inside a transaction. What is queued for them is
    withheld right before it would be sent (`vetoes.veto`).
    """
    if not whys or not share_tracks(lead_ids=whys):
        return 0
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "leads": list(whys),
            "whys": [str(why) for why in whys.values()],
            "now": now,
        }
        cursor.execute(END, values)
        return int(cursor.rowcount)


@transaction.atomic
def leave_track(*, enrolment_id: int, now: datetime, actor: User) -> Enrolment:
    """Take one lead out by hand. Raises `NotInTrack` and `Enrolment.DoesNotExist`."""
    enrolment = Enrolment.objects.select_related("lead", "track").get(pk=enrolment_id)
    lock_leads([enrolment.lead_id])
    is_in = Enrolment.objects.active().filter(pk=enrolment_id).exists()
    if not is_in or not end_enrolments({enrolment.lead_id: EndedWhy.BY_HAND}, now=now):
        raise NotInTrack(enrolment.lead)
    enrolment.refresh_from_db()
    return enrolment


def follow_stages(changes: Sequence[StageChange], *, now: datetime) -> int:
    """Leads that entered a stage in which nobody nurtures them leave; what entered it before they were
    enrolled (as imported history tells) does not count. Returns how many left.
    """
    entered = {change.lead_id: change for change in changes if change.to_stage in WHY_BY_STAGE}
    if not entered:
        return 0
    started = dict(
        Enrolment.objects.active().filter(lead__in=list(entered)).values_list("lead_id", "started_at")
    )
    whys = {
        lead_id: WHY_BY_STAGE[Stage(change.to_stage)]
        for lead_id, change in sorted(entered.items())
        if lead_id in started and change.at >= started[lead_id]
    }
    return end_enrolments(whys, now=now)


def refresh_holds(lead_ids: Sequence[int], *, now: datetime) -> None:
    """Leads were changed: who withdrew consent leaves; who can be written to now, or no longer, is held or not.

    Their locks are the caller's. One query where that concerns nobody, so that a batch which changes something
    else of them leaves the tracks to whoever wants to start or pause one.
    """
    changed = changed_among(lead_ids)
    if not changed:
        return
    share_tracks(lead_ids=changed)
    withdrew = Lead.objects.filter(pk__in=changed, email_consent=Consent.WITHDRAWN)
    whys = dict.fromkeys(withdrew.order_by("pk").values_list("pk", flat=True), EndedWhy.WITHDRAWN)
    end_enrolments(whys, now=now)
    rehold_leads(changed, now=now)
