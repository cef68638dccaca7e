"""What is answered where no endpoint is, and when one breaks."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponsePermanentRedirect
from django.urls import Resolver404, resolve
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from filemill.api.problems import PROBLEM_TYPE, build_problem


class MethodKeepingRedirect(HttpResponsePermanentRedirect):
    """A redirect after which a POST is still a POST, with its body."""

    status_code = 308


@csrf_exempt
def answer_no_endpoint(request: HttpRequest, **_: Any) -> HttpResponseBase:
    """Lead to the address with its closing slash, if that is what was meant; otherwise answer a 404 or a 401."""
    if not request.path_info.endswith("/") and _is_endpoint(request.path_info + "/"):
        return MethodKeepingRedirect(request.get_full_path(force_append_slash=True))
    return _no_endpoint(request)


def _is_endpoint(path: str) -> bool:
    try:
        return resolve(path).func is not answer_no_endpoint
    except Resolver404:
        return False


@extend_schema(exclude=True)
class NoEndpoint(APIView):
    """Any address below /api/ that is none: a problem instead of a page, and only for those who may ask."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Tell whoever may ask that there is nothing here, whatever the method."""
        super().initial(request, *args, **kwargs)
        raise NotFound("There is no such address; /api/docs/ lists what there is.")


_no_endpoint = NoEndpoint.as_view()


def answer_server_error(request: HttpRequest) -> HttpResponse:
    """Answer a 500 as a problem below /api/, and as Django's page elsewhere; for `handler500`."""
    if not request.path_info.startswith("/api/"):
        return defaults.server_error(request)
    body = build_problem(
        status=500, code="internal_error", detail="The service itself failed; its log says why. Try again later."
    )
    return HttpResponse(json.dumps(body), status=500, content_type=PROBLEM_TYPE)
