"""The addresses of the pages for people."""

from django.contrib.auth.views import LogoutView
from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from filemill.dashboard.views.login import Login
from filemill.dashboard.views.task import cancel, retry, show, show_live, show_waiting
from filemill.dashboard.views.tasks import add, list_tasks, live, show_options

urlpatterns = [
    # Asked for by browsers on pages that name no icon: the admin's, an output shown by itself.
    path("favicon.ico", RedirectView.as_view(url=static("dashboard/favicon.svg"))),
    path("login/", Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", list_tasks, name="tasks"),
    path("live/", live, name="tasks-live"),
    path("add/", add, name="add"),
    path("add/options/", show_options, name="add-options"),
    path("tasks/<uuid:task_id>/", show, name="task"),
    path("tasks/<uuid:task_id>/live/", show_live, name="task-live"),
    path("tasks/<uuid:task_id>/waiting/", show_waiting, name="task-waiting"),
    path("tasks/<uuid:task_id>/cancel/", cancel, name="task-cancel"),
    path("tasks/<uuid:task_id>/retry/", retry, name="task-retry"),
]
