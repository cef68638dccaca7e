from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The table of tasks may be long: its index is built while the service goes on.
    atomic = False

    dependencies = [
        ("tasks", "0005_steps_and_inputs"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="cancelled_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        AddIndexConcurrently(
            model_name="tasklog",
            index=models.Index(
                condition=models.Q(("batch__isnull", False)),
                fields=["batch", "status", "finished_at"],
                name="task_batch_status",
            ),
        ),
        RemoveIndexConcurrently(
            model_name="tasklog",
            name="task_batch",
        ),
    ]
