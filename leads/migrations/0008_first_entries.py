from django.db import migrations, models

FIELDS = ("became_lead_at", "became_mql_at", "became_sql_at", "became_customer_at")


class Migration(migrations.Migration):
    dependencies = [("leads", "0007_first_entries_from_index")]

    operations = [
        migrations.AddField("lead", name, models.DateTimeField(null=True, editable=False)) for name in FIELDS
    ]
