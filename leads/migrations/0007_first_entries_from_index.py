from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0006_leaner_leads")]

    operations = [
        AddIndexConcurrently(
            model_name="stagechange",
            index=models.Index(fields=["lead", "to_stage", "at", "id"], name="stage_change_by_lead"),
        ),
        RemoveIndexConcurrently(model_name="stagechange", name="stage_change_of_lead"),
    ]
