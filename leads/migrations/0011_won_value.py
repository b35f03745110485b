"""What each win said it is worth."""

from django.db import migrations, models

BATCH = 20_000
FILL = """
    UPDATE leads_lead lead SET won_value = win.value
    FROM (
        SELECT DISTINCT ON (lead_id) lead_id, value FROM leads_stagechange
        WHERE to_stage = 'customer' AND lead_id >= %s AND lead_id < %s
        ORDER BY lead_id, at DESC, id DESC
    ) win
    WHERE lead.id = win.lead_id AND lead.stage = 'customer' AND win.value IS NOT NULL
"""


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM leads_lead")
        first, last = cursor.fetchone()
        for start in range(first, last + 1, BATCH):
            cursor.execute(FILL, [start, start + BATCH])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0010_read_by_first_entry")]

    operations = [
        migrations.AddField(
            "lead",
            "won_value",
            models.DecimalField(max_digits=14, decimal_places=2, null=True, editable=False),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
