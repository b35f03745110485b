from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Figures of a month read its rows alone (docs/decisions/0013-measures-from-facts.md)."""

    atomic = False

    dependencies = [("handoffs", "0003_answered")]

    operations = [
        AddIndexConcurrently("handoff", models.Index(fields=["created_at"], name="handoff_created")),
        AddIndexConcurrently(
            "handoff",
            models.Index(
                condition=models.Q(("ended_at__isnull", False)), fields=["ended_at"], name="handoff_ended"
            ),
        ),
        AddIndexConcurrently("attempt", models.Index(fields=["at"], name="attempt_at")),
        AddIndexConcurrently("deadline", models.Index(fields=["due_at"], name="deadline_due")),
    ]
