"""Nothing follows from a clock whose breach was waived before that was so: it is neither escalated nor moved."""

from django.db import migrations

REST = """
    UPDATE handoffs_deadline deadline SET next_action_at = NULL
    FROM handoffs_breach breach JOIN handoffs_waiver waiver ON waiver.breach_id = breach.id
    WHERE breach.deadline_id = deadline.id AND deadline.outcome = 'open' AND deadline.next_action_at IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0006_stops_contact")]

    operations = [migrations.RunSQL(REST, migrations.RunSQL.noop)]
