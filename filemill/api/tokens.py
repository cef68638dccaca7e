"""The endpoints of one's own tokens: list, create, revoke."""

from datetime import datetime, timedelta

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from knox.models import AuthToken
from knox.settings import knox_settings
from pydantic import Field
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from filemill.api.accounts import user_of
from filemill.api.describing import READING, WRITING, answers
from filemill.api.pagination import PageQuery, answer_page
from filemill.api.queries import describe_query
from filemill.api.representations import Page, Representation, represent
from filemill.api.requests import CreateToken, read_body

_TOKEN_ID = OpenApiParameter("token_id", str, OpenApiParameter.PATH, description="The token's `id`.")


class Token(Representation):
    """A token, without its secret."""

    id: str = Field(description="The token's first characters.", examples=["fm_0123456789ab"])
    created: datetime
    expiry: datetime | None


class NewToken(Token):
    """A token with its secret, which is shown this once."""

    token: str = Field(description="Send it as `Authorization: Token …`.")


class TokenPage(Page[Token]):
    """A page of tokens, the newest first."""


def _facts(token: AuthToken) -> dict[str, object]:
    # The table's key is the hash, which nobody needs to see; the first characters tell tokens apart.
    return {"id": token.token_key, "created": token.created, "expiry": token.expiry}


class TokensView(APIView):
    """One's own tokens."""

    @extend_schema(
        operation_id="list_tokens",
        summary="List your tokens",
        tags=["tokens"],
        parameters=describe_query(PageQuery),
        responses=answers({200: TokenPage}, 400, *READING),
    )
    def get(self, request: Request) -> Response:
        """Answer a page of the user's tokens, the newest first."""
        tokens = AuthToken.objects.filter(user=user_of(request)).order_by("-created", "token_key")
        return answer_page(tokens, request, lambda token: represent(Token, _facts(token)))

    @extend_schema(
        operation_id="create_token",
        summary="Create a token",
        description="The token is shown once; the service keeps its hash alone.",
        tags=["tokens"],
        request={"application/json": CreateToken},
        responses=answers({201: NewToken}, *WRITING),
    )
    def post(self, request: Request) -> Response:
        """Make a token, and clear away the user's expired ones."""
        days = read_body(CreateToken, request.data).expires_in_days
        user = user_of(request)
        AuthToken.objects.filter(user=user, expiry__lt=timezone.now()).delete()
        expiry = knox_settings.TOKEN_TTL if days is None else timedelta(days=days)
        token, secret = AuthToken.objects.create(user=user, expiry=expiry)
        return Response(represent(NewToken, {**_facts(token), "token": secret}), status=201)


class TokenView(APIView):
    """One of one's own tokens."""

    @extend_schema(
        operation_id="revoke_token",
        summary="Revoke a token",
        tags=["tokens"],
        parameters=[_TOKEN_ID],
        responses=answers({204: None}, 401, 403, 404, 503),
    )
    def delete(self, request: Request, token_id: str) -> Response:
        """Make the token worthless at once."""
        deleted, _ = AuthToken.objects.filter(user=user_of(request), token_key=token_id.replace("\0", "")).delete()
        if not deleted:
            raise NotFound("You have no such token.")
        return Response(status=204)
