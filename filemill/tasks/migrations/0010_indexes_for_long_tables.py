from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# The indexes that Django adds for LIKE with a prefix on these columns; nobody asks so, and every write would keep them.
UNUSED = """
SELECT indexname FROM pg_indexes
WHERE schemaname = current_schema() AND tablename = 'tasks_tasklog'
  AND indexname ~ '^tasks_tasklog_(status|task_type|celery_task_id)_[0-9a-f]+_like$'"""
# A fifth of ten million rows, the usual share, would be dead before a vacuum. Heartbeats and progress change no indexed
# column but the lease: with room in its page such a row need not be told to every index.
STORAGE = """
ALTER TABLE tasks_tasklog SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01);
ALTER TABLE tasks_taskattempt SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.02);
ALTER TABLE tasks_taskeventlog SET (autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE tasks_taskprogress SET (autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
"""
USUAL_STORAGE = """
ALTER TABLE tasks_tasklog RESET (fillfactor, autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE tasks_taskattempt RESET (fillfactor, autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_insert_scale_factor);
ALTER TABLE tasks_taskeventlog RESET (autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE tasks_taskprogress RESET (autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
"""


def drop_unused(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001  Django's signature
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(UNUSED)
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(name)}")


class Migration(migrations.Migration):
    # The tables may be long: their indexes are built while the service goes on.
    atomic = False

    dependencies = [
        ("tasks", "0009_counts_kept_by_triggers"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="tasklog",
            index=models.Index(fields=["user", "status", "-created_at", "-id"], name="task_user_status_newest"),
        ),
        AddIndexConcurrently(
            model_name="tasklog",
            index=models.Index(fields=["user", "task_type", "-created_at", "-id"], name="task_user_type_newest"),
        ),
        AddIndexConcurrently(
            model_name="tasklog",
            index=models.Index(fields=["-created_at", "-id"], name="task_newest"),
        ),
        AddIndexConcurrently(
            model_name="taskeventlog",
            index=models.Index(
                condition=models.Q(("event_type__in", ("started", "progress", "retried"))),
                fields=["created_at"],
                name="event_prunable",
            ),
        ),
        migrations.RunPython(drop_unused, migrations.RunPython.noop),
        migrations.RunSQL(STORAGE, USUAL_STORAGE),
    ]
