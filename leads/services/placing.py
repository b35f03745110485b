"""Leads that exist placed anew: after their company changed, or an agreement did."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from accounts.models import User
from leads.models import ChangeSource, Lead
from leads.services.placement import placement
from leads.services.rows import StageChangeRow
from leads.services.stages import record_changes
from leads.stages import Stage

PLACE = """
    WITH placed AS MATERIALIZED (
        SELECT "leads_lead".id, {agreement} AS agreement_now,
            {is_lead} AND "leads_lead".stage = 'contact' AS enters
        FROM leads_lead LEFT JOIN leads_company ON leads_company.id = leads_lead.company_id
        WHERE {which}
    ), locked AS MATERIALIZED (
        SELECT lead.id, placed.enters AND lead.stage = 'contact' AS enters
        FROM leads_lead lead JOIN placed USING (id)
        WHERE placed.enters OR placed.agreement_now IS DISTINCT FROM lead.agreement_id
        ORDER BY lead.id
        FOR UPDATE OF lead
    )
    UPDATE leads_lead lead
    SET agreement_id = placed.agreement_now,
        stage = CASE WHEN locked.enters THEN 'lead' ELSE lead.stage END,
        stage_entered_at = CASE WHEN locked.enters THEN incoming.at ELSE lead.stage_entered_at END,
        became_lead_at = CASE WHEN locked.enters THEN LEAST(lead.became_lead_at, incoming.at)
            ELSE lead.became_lead_at END,
        updated_at = incoming.at
    FROM placed JOIN locked USING (id), (VALUES (%s::timestamptz)) AS incoming(at)
    WHERE placed.id = lead.id
    RETURNING lead.id, placed.agreement_now, locked.enters
"""
# Locked in the order of their ids, as every batch of leads is: an agreement that comes into force and leads that come
# in wait for each other instead of dead-locking. Who became more than a contact in the meantime does not enter again:
# PostgreSQL reads `lead.stage` anew once it has the lock.


def leads_of_companies(company_ids: Sequence[int]) -> list[int]:
    """Everybody whose fit a company's news may change."""
    if not company_ids:
        return []
    return list(Lead.objects.filter(company__in=company_ids).values_list("pk", flat=True))


def place_leads(*, now: datetime, actor: User | None, lead_ids: Sequence[int] | None = None) -> list[int]:
    """Put leads (all of them by default) under the agreement that covers them now, and make leads of the
    contacts that meet its definition. Returns the ids of those it changed. Nobody is moved down.
    """
    which, ids = (
        ("TRUE", []) if lead_ids is None else ('"leads_lead".id = ANY(%s::bigint[])', [list(lead_ids)])
    )
    placed = placement()
    sql = PLACE.format(agreement=placed.agreement.sql, is_lead=placed.is_lead.sql, which=which)
    params = [*placed.agreement.params, *placed.is_lead.params, *ids, now]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        found = cursor.fetchall()
        changes = [
            StageChangeRow(
                id=0,
                lead_id=lead_id,
                from_stage=Stage.CONTACT,
                to_stage=Stage.LEAD,
                at=now,
                recorded_at=now,
                source=ChangeSource.RULE,
                actor_id=actor.pk if actor else None,
                version_id=placed.cited[agreement_id][0],
                clause_key=placed.cited[agreement_id][1],
                reason="",
                value=None,
            )
            for lead_id, agreement_id, enters in found
            if enters
        ]
        record_changes(changes, now=now, actor=actor)
    return [lead_id for lead_id, _, _ in found]
