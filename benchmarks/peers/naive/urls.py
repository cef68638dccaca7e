"""Its addresses."""

from django.urls import path

from benchmarks.peers.naive.views import BulkView, JobsView

urlpatterns = [path("jobs/", JobsView.as_view()), path("jobs/bulk/", BulkView.as_view())]
