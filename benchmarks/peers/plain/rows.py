"""`bulk_create` of bare rows and events, a hundred to a statement: `python -m benchmarks.peers.plain.rows 10000 ann`.

Prints the seconds, the making of the objects included: that is the price of the ORM.
"""

import sys
import time

import django

BATCH_SIZE = 100


def main(count: int, user_name: str) -> None:
    """Insert the rows and their events once, warmed up by a hundredth of them, and print the seconds."""
    django.setup(set_prefix=False)
    from django.contrib.auth.models import User  # noqa: PLC0415  Django must be set up first

    user_id = User.objects.get(username=user_name).pk
    insert(max(1, count // 100), user_id)
    began_at = time.perf_counter()
    insert(count, user_id)
    sys.stdout.write(f"{time.perf_counter() - began_at}\n")


def insert(count: int, user_id: int) -> None:
    """Insert rows and events in one transaction."""
    from django.db import transaction  # noqa: PLC0415  Django must be set up first

    from filemill.tasks.models import TaskEventLog, TaskLog  # noqa: PLC0415  so here

    with transaction.atomic():
        tasks = [
            TaskLog(
                user_id=user_id,
                task_type="image",
                file_name=f"picture-{number}.jpg",
                file_size=50_000,
                file_path=f"/pictures/picture-{number}.jpg",
                source={"path": f"/pictures/picture-{number}.jpg"},
                media_type="image/jpeg",
                operation="image.transform",
                lane="slice",
            )
            for number in range(count)
        ]
        TaskLog.objects.bulk_create(tasks, batch_size=BATCH_SIZE)
        events = [TaskEventLog(task=task, event_type="created", message="Created") for task in tasks]
        TaskEventLog.objects.bulk_create(events, batch_size=BATCH_SIZE)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
