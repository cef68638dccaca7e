from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The table may be long: the index is built while the service goes on.
    atomic = False

    dependencies = [
        ("tasks", "0012_events_pruned"),
    ]

    operations = [
        migrations.AddField(
            model_name="tasklog",
            name="needed_bytes",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="tasklog",
            name="needed_seconds",
            field=models.FloatField(blank=True, null=True),
        ),
        AddIndexConcurrently(
            model_name="tasklog",
            index=models.Index(
                condition=models.Q(("needed_bytes__isnull", False), ("published_at", None), ("status", "pending")),
                fields=["turn_at"],
                name="task_waits_for_capacity",
            ),
        ),
    ]
