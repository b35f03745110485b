from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0004_search")]

    operations = [
        AddIndexConcurrently(
            model_name="activity",
            index=models.Index(
                fields=["lead", "type", "occurred_at"], include=["human"], name="activity_by_lead"
            ),
        ),
        RemoveIndexConcurrently(model_name="activity", name="activity_of_lead"),
    ]
