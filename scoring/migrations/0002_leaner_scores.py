import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scoring", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="leadscore", name="score_decaying"),
        migrations.AlterField(
            model_name="leadscore",
            name="version",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agreements.version",
            ),
        ),
        migrations.AlterField(
            model_name="scorechange",
            name="version",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agreements.version",
            ),
        ),
        migrations.AddField(
            model_name="scorechange",
            name="qualified_before",
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="scorechange",
            name="qualifies",
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
    ]
