"""Each lead learns from its stage changes when it first reached each stage: in batches, none of them locked for long."""

from django.db import migrations

BATCH = 20_000
FILL = """
    UPDATE leads_lead lead
    SET became_lead_at = entries.lead_at, became_mql_at = entries.mql_at, became_sql_at = entries.sql_at,
        became_customer_at = entries.customer_at
    FROM (
        SELECT lead_id,
            min(at) FILTER (WHERE to_stage IN ('lead', 'mql', 'sql', 'opportunity', 'customer')) AS lead_at,
            min(at) FILTER (WHERE to_stage = 'mql') AS mql_at,
            min(at) FILTER (WHERE to_stage IN ('sql', 'opportunity', 'customer')) AS sql_at,
            min(at) FILTER (WHERE to_stage = 'customer') AS customer_at
        FROM leads_stagechange
        WHERE lead_id >= %s AND lead_id < %s
        GROUP BY lead_id
    ) entries
    WHERE lead.id = entries.lead_id
"""


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM leads_lead")
        first, last = cursor.fetchone()
        for start in range(first, last + 1, BATCH):
            cursor.execute(FILL, [start, start + BATCH])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0008_first_entries")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
