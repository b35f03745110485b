from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("handoffs", "0005_held_back")]

    operations = [migrations.AddField("returnreason", "stops_contact", models.BooleanField(default=False))]
