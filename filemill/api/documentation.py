"""The schema and its two readers, Swagger UI and ReDoc, which work without the internet."""

from typing import Any, ClassVar, Final

from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation


class OnceGenerator(SchemaGenerator):
    """Generates the schema once per process: it is public, and takes a good part of a second."""

    _made: ClassVar[dict[str, Any] | None] = None

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        """Return the schema, which is the same for everybody."""
        if OnceGenerator._made is None:
            OnceGenerator._made = super().get_schema(  # type: ignore[no-untyped-call]  # spectacular is half typed
                request=request, public=public
            )
        return OnceGenerator._made


class SchemaView(SpectacularAPIView):
    """The OpenAPI schema, as YAML or (`Accept: application/json`, `?format=json`) as JSON; public."""

    authentication_classes = ()
    content_negotiation_class = DefaultContentNegotiation
    generator_class = OnceGenerator


class SwaggerView(SpectacularSwaggerSplitView):
    """Swagger UI: its start-up script is a request of its own, so that no inline script is needed."""

    authentication_classes = ()
    url_name = "api:schema"
    template_name = "api/swagger.html"


REDOC_NEEDS: Final = {
    "style-src": ["'unsafe-inline'"],  # it makes its <style> elements itself
    "worker-src": ["blob:"],  # its search runs in a worker that it makes of a blob
}


@method_decorator(csp_update(REDOC_NEEDS), name="dispatch")
class RedocView(SpectacularRedocView):
    """ReDoc."""

    authentication_classes = ()
    url_name = "api:schema"
    template_name = "api/redoc.html"
