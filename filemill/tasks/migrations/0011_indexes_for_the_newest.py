from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import deletion


class Migration(migrations.Migration):
    # The table of tasks may be long: its index is built while the service goes on.
    atomic = False

    dependencies = [
        ("tasks", "0010_indexes_for_long_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="tasklog",
            index=models.Index(
                condition=models.Q(("max_retries__gte", 0)),
                fields=["-created_at", "-id"],
                name="task_newest_of_all",
            ),
        ),
        RemoveIndexConcurrently(
            model_name="tasklog",
            name="task_newest",
        ),
        AddIndexConcurrently(
            model_name="batch",
            index=models.Index(fields=["user", "-created_at", "-id"], name="batch_user_newest"),
        ),
        RemoveIndexConcurrently(
            model_name="batch",
            name="batch_user_created",
        ),
        migrations.AlterField(
            model_name="batch",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=deletion.CASCADE,
                related_name="batches",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
