from django.db import migrations, models

COLUMNS = "user_id, status, task_type"
CHANGES = f"INSERT INTO tasks_taskcountchange ({COLUMNS}, change)"
# A change is a row of its own, so transactions never wait for each other. Of an UPDATE each row tells for itself, and
# only when its status changes: a statement's transition tables would be filled by every heartbeat.
TRIGGERS = f"""
CREATE FUNCTION filemill_count_inserted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    {CHANGES} SELECT {COLUMNS}, count(*) FROM inserted GROUP BY {COLUMNS};
    RETURN NULL;
END $$;
CREATE FUNCTION filemill_count_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    {CHANGES} SELECT {COLUMNS}, -count(*) FROM deleted GROUP BY {COLUMNS};
    RETURN NULL;
END $$;
CREATE FUNCTION filemill_count_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    {CHANGES} VALUES (OLD.user_id, OLD.status, OLD.task_type, -1), (NEW.user_id, NEW.status, NEW.task_type, 1);
    RETURN NULL;
END $$;
CREATE FUNCTION filemill_count_truncated() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM tasks_taskcount;
    DELETE FROM tasks_taskcountchange;
    RETURN NULL;
END $$;
CREATE TRIGGER task_counted_insert AFTER INSERT ON tasks_tasklog REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION filemill_count_inserted();
CREATE TRIGGER task_counted_delete AFTER DELETE ON tasks_tasklog REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION filemill_count_deleted();
CREATE TRIGGER task_counted_move AFTER UPDATE OF {COLUMNS} ON tasks_tasklog FOR EACH ROW
    WHEN ((OLD.user_id, OLD.status, OLD.task_type) IS DISTINCT FROM (NEW.user_id, NEW.status, NEW.task_type))
    EXECUTE FUNCTION filemill_count_moved();
CREATE TRIGGER task_counted_truncate AFTER TRUNCATE ON tasks_tasklog
    FOR EACH STATEMENT EXECUTE FUNCTION filemill_count_truncated();
-- Making a trigger locks out writers until this is committed: what is there is counted once, what comes by the triggers.
INSERT INTO tasks_taskcount ({COLUMNS}, count) SELECT {COLUMNS}, count(*) FROM tasks_tasklog GROUP BY {COLUMNS};
-- Emptied every few seconds, so it stays a few pages long only if it is vacuumed as often.
ALTER TABLE tasks_taskcountchange SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
ALTER TABLE tasks_taskcount SET (fillfactor = 50);
"""  # noqa: S608  literals of this module
BACK = """
DROP TRIGGER task_counted_insert ON tasks_tasklog;
DROP TRIGGER task_counted_delete ON tasks_tasklog;
DROP TRIGGER task_counted_move ON tasks_tasklog;
DROP TRIGGER task_counted_truncate ON tasks_tasklog;
DROP FUNCTION filemill_count_inserted, filemill_count_deleted, filemill_count_moved, filemill_count_truncated;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0008_turns_limits_and_pauses"),
    ]

    operations = [
        migrations.CreateModel(
            name="TaskCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("status", models.CharField(max_length=16)),
                ("task_type", models.CharField(max_length=16)),
                ("count", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user_id", "status", "task_type"), name="task_count_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="TaskCountChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("status", models.CharField(max_length=16)),
                ("task_type", models.CharField(max_length=16)),
                ("change", models.IntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["user_id"], name="task_count_change_user")],
            },
        ),
        migrations.RunSQL(TRIGGERS, BACK),
    ]
