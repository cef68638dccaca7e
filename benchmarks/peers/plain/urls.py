"""Its address."""

from django.urls import path

from benchmarks.peers.plain.views import TasksView

urlpatterns = [path("tasks/", TasksView.as_view())]
