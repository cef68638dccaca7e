from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The table of events may be long: its index is built while the service goes on.
    atomic = False

    dependencies = [
        ("tasks", "0011_indexes_for_the_newest"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventPruning",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("until", models.DateTimeField()),
            ],
        ),
        # A person's retry is never pruned: in the index such events would be read again for each bite.
        RemoveIndexConcurrently(
            model_name="taskeventlog",
            name="event_prunable",
        ),
        AddIndexConcurrently(
            model_name="taskeventlog",
            index=models.Index(
                condition=models.Q(
                    ("event_type__in", ("started", "progress")),
                    models.Q(("event_type", "retried"), ("metadata__automatic", True)),
                    _connector="OR",
                ),
                fields=["created_at"],
                name="event_prunable",
            ),
        ),
    ]
