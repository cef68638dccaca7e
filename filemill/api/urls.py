"""The addresses below /api/."""

from django.urls import path, re_path

from filemill.api import describing  # noqa: F401  tells drf-spectacular how to describe models and credentials
from filemill.api.batches import (
    BatchCancelView,
    BatchesView,
    BatchRetryFailedView,
    BatchTasksView,
    BatchView,
)
from filemill.api.documentation import RedocView, SchemaView, SwaggerView
from filemill.api.fallbacks import answer_no_endpoint
from filemill.api.operations import OperationsView, OperationView
from filemill.api.outputs import OutputView
from filemill.api.plan import PlanView
from filemill.api.queues import PauseView, QueuesView, ResumeView
from filemill.api.task_item import (
    AttemptsView,
    CancelView,
    EventsView,
    OutputsView,
    ProgressHistoryView,
    RetryView,
    TaskView,
)
from filemill.api.task_list import BulkCreateView, CreateTaskView, ProgressView, TaskListView
from filemill.api.tokens import TokensView, TokenView

app_name = "api"
urlpatterns = [
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", SwaggerView.as_view(), name="docs"),
    path("redoc/", RedocView.as_view(), name="redoc"),
    path("auth/tokens/", TokensView.as_view(), name="tokens"),
    path("auth/tokens/<str:token_id>/", TokenView.as_view(), name="token"),
    path("operations/", OperationsView.as_view(), name="operations"),
    path("operations/<str:name>/", OperationView.as_view(), name="operation"),
    path("batches/", BatchesView.as_view(), name="batches"),
    path("batches/<uuid:batch_id>/", BatchView.as_view(), name="batch"),
    path("batches/<uuid:batch_id>/tasks/", BatchTasksView.as_view(), name="batch-tasks"),
    path("batches/<uuid:batch_id>/cancel/", BatchCancelView.as_view(), name="batch-cancel"),
    path("batches/<uuid:batch_id>/retry_failed/", BatchRetryFailedView.as_view(), name="batch-retry-failed"),
    path("queues/", QueuesView.as_view(), name="queues"),
    path("queues/<str:queue>/pause/", PauseView.as_view(), name="pause-queue"),
    path("queues/<str:queue>/resume/", ResumeView.as_view(), name="resume-queue"),
    path("tasks/", TaskListView.as_view(), name="tasks"),
    path("tasks/create_task/", CreateTaskView.as_view(), name="create-task"),
    path("tasks/bulk_create/", BulkCreateView.as_view(), name="bulk-create"),
    path("tasks/plan/", PlanView.as_view(), name="plan"),
    path("tasks/progress/", ProgressView.as_view(), name="progress"),
    path("tasks/<uuid:task_id>/", TaskView.as_view(), name="task"),
    path("tasks/<uuid:task_id>/cancel/", CancelView.as_view(), name="cancel"),
    path("tasks/<uuid:task_id>/retry/", RetryView.as_view(), name="retry"),
    path("tasks/<uuid:task_id>/events/", EventsView.as_view(), name="events"),
    path("tasks/<uuid:task_id>/attempts/", AttemptsView.as_view(), name="attempts"),
    path("tasks/<uuid:task_id>/progress_history/", ProgressHistoryView.as_view(), name="progress-history"),
    path("tasks/<uuid:task_id>/outputs/", OutputsView.as_view(), name="outputs"),
    path("tasks/<uuid:task_id>/outputs/<str:name>", OutputView.as_view(), name="output"),
    re_path(r"^.*$", answer_no_endpoint),
]
