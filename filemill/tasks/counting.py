"""How many tasks there are, from the counts that the database keeps: exact, and as cheap for ten million as for ten.

Triggers add a row for each change (`tasks_taskcountchange`), in the transaction of the change. Each round of the
sweeper folds these rows into the counts. Who reads adds both up in one statement, so nothing is seen twice or missed.
"""

from typing import Any

from django.db import connection, transaction

from filemill.tasks.statuses import Status, TaskType

COUNT = """
    SELECT status, sum(n) FROM (
        SELECT user_id, status, task_type, count AS n FROM tasks_taskcount
        UNION ALL
        SELECT user_id, status, task_type, change FROM tasks_taskcountchange) AS counted
    WHERE {condition} GROUP BY status"""
# In the order of the keys, so that two rounds at once wait for each other and never for one another in a circle.
FOLD = """
    WITH folded AS (
        DELETE FROM tasks_taskcountchange WHERE id = ANY(ARRAY(
            SELECT id FROM tasks_taskcountchange ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
        RETURNING user_id, status, task_type, change
    ), added AS (
        INSERT INTO tasks_taskcount AS kept (user_id, status, task_type, count)
        SELECT user_id, status, task_type, sum(change) FROM folded
        GROUP BY user_id, status, task_type ORDER BY user_id, status, task_type
        ON CONFLICT (user_id, status, task_type) DO UPDATE SET count = kept.count + excluded.count
    )
    SELECT count(*) FROM folded"""
BITE = 20_000


def count_tasks(*, user_id: Any = None, task_type: TaskType | None = None) -> dict[Status, int]:
    """Count a user's tasks, or everyone's, by status."""
    narrowed = {"user_id": user_id, "task_type": task_type}
    given = {column: value for column, value in narrowed.items() if value is not None}
    condition = " AND ".join(f"{column} = %({column})s" for column in given) or "true"
    with connection.cursor() as cursor:
        cursor.execute(COUNT.format(condition=condition), given)
        found = {status: int(count) for status, count in cursor.fetchall()}
    return {status: found.get(status.value, 0) for status in Status}


def summarise(*, user_id: Any = None) -> dict[str, int]:
    """Count a user's tasks, or everyone's, by status; `total` counts all."""
    counts = {status.value: count for status, count in count_tasks(user_id=user_id).items()}
    return {**counts, "total": sum(counts.values())}


def fold_counts() -> int:
    """Fold the changes into the counts, in bites; return how many there were."""
    folded = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FOLD, [BITE])
            bite = int(cursor.fetchone()[0])
        folded += bite
        if bite < BITE:
            return folded
