"""The Celery application: it delivers hints that a row is ready; the truth stays in PostgreSQL."""

import os
import sys

from celery import Celery
from kombu import Exchange, Queue

from config import broker_transport

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

broker_transport.install()
app = Celery("filemill", amqp="config.broker_transport:SteadyAMQP")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_default_queue="file_processing",
    # A worker started without -Q consumes both queues (contract S4).
    task_queues=[
        Queue("file_processing", Exchange("file_processing"), routing_key="file_processing"),
        Queue("bulk_processing", Exchange("bulk_processing"), routing_key="bulk_processing"),
    ],
    task_ignore_result=app.conf.result_backend is None,
    task_store_errors_even_if_ignored=False,
    # Creating a task never waits for the broker: short timeouts and no retries; the sweeper sends what was not sent.
    task_publish_retry=False,
    broker_connection_timeout=1.0,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "socket_timeout": 5.0,
        "socket_connect_timeout": 1.0,
        "socket_keepalive": True,
        "health_check_interval": 25,
        # Redelivery by timeout is not how lost work comes back (leases are), so it only has to be out of the way.
        "visibility_timeout": 7 * 24 * 3600,
    },
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    # A new child costs a second of CPU. What grows by parsing grows in the cage, so the count is only a backstop.
    worker_max_tasks_per_child=1000,
    worker_max_memory_per_child=400_000,
    # A child is up once its cage is warm; on a busy machine the four seconds that Celery grants can be too few.
    worker_proc_alive_timeout=60.0,
    worker_send_task_events=True,
    worker_pool="config.prefork:TaskPool",
    # Celery closes the database's connection before and after each task; filemill.tasks.worker sees to it instead.
    CELERY_DB_REUSE_MAX=sys.maxsize,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    beat_scheduler="config.beat:Scheduler",
    beat_schedule={
        "tidy": {"task": "tasks.chore", "args": ["tidy"], "schedule": 3600.0, "options": {"expires": 3000}},
    },
)
app.autodiscover_tasks(["filemill.tasks"], related_name="worker")
