"""Which leads a batch speaks of: found by id, external id and e-mail, and locked in one order."""

from collections.abc import Collection

import msgspec
from django.db import connection

from leads.services import rows
from leads.services.cleaning import Ref
from leads.services.rows import LeadRow

BY_REF = """
    SELECT system, external_id, lead_id
    FROM unnest(%s::text[], %s::text[]) AS given(system, external_id)
    JOIN leads_externalref USING (system, external_id)
"""
BY_EMAIL = "SELECT email, id FROM leads_lead WHERE email = ANY(%s::text[])"
LOCK = f"""
    SELECT {rows.columns(LeadRow)} FROM leads_lead
    WHERE id = ANY(%s::bigint[]) OR email = ANY(%s::text[])
    ORDER BY id FOR NO KEY UPDATE
"""

LOCK_COLLEAGUES = """
    SELECT FROM leads_lead
    WHERE id = ANY(%s::bigint[]) OR email = ANY(%s::text[]) OR company_id = ANY(%s::bigint[])
    ORDER BY id FOR NO KEY UPDATE
"""


def find_refs(refs: Collection[Ref]) -> dict[Ref, int]:
    """External id → lead id, for those that are known."""
    if not refs:
        return {}
    systems, external_ids = zip(*refs, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(BY_REF, [list(systems), list(external_ids)])
        return {(system, external_id): lead_id for system, external_id, lead_id in cursor.fetchall()}


def find_emails(emails: Collection[str]) -> dict[str, int]:
    """E-mail address → lead id, for those that are known."""
    if not emails:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(BY_EMAIL, [list(emails)])
        return dict(cursor.fetchall())


def lock_leads(ids: Collection[int], emails: Collection[str] = ()) -> list[LeadRow]:
    """The leads with these ids or addresses, locked until the transaction ends, in the order of their ids."""
    if not ids and not emails:
        return []
    leads = rows.select(LeadRow, LOCK, [list(ids), list(emails)])
    for lead in leads:
        lead.attributes = msgspec.Raw(lead.attributes.encode())
    return leads


def lock_colleagues(ids: Collection[int], emails: Collection[str], company_ids: Collection[int]) -> None:
    """Lock these leads and everybody of these companies in the order of their ids, as `lock_leads` would one
    after the other and so lock itself out with others that do.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK_COLLEAGUES, [list(ids), list(emails), list(company_ids)])
