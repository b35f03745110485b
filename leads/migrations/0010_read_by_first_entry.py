from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

FIELDS = ("became_lead_at", "became_mql_at", "became_sql_at", "became_customer_at")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0009_first_entries_filled")]

    operations = [
        *(
            AddIndexConcurrently(
                "lead",
                models.Index(
                    fields=[field],
                    include=["agreement"],
                    condition=models.Q((f"{field}__isnull", False)),
                    name=f"lead_{field.removesuffix('_at')}",
                ),
            )
            for field in FIELDS
        ),
        AddIndexConcurrently(
            "stagechange",
            models.Index(
                fields=["to_stage", "at"],
                condition=models.Q(to_stage__in=["customer", "lost", "disqualified"]),
                name="stage_change_that_ends",
            ),
        ),
        RemoveIndexConcurrently("stagechange", name="stage_change_by_stage"),
    ]
