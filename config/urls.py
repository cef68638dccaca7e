"""The URL table of the whole service."""

from django.contrib import admin
from django.urls import include, path

from config import health

urlpatterns = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("admin/", admin.site.urls),
    path("api/", include("filemill.api.urls")),
    path("", include("filemill.dashboard.urls")),
]
handler500 = "filemill.api.fallbacks.answer_server_error"
