"""The `password` option: it opens a document, and is told to nobody."""

from typing import Annotated, Any, Final

from pydantic import Field

MAX_PASSWORD_CHARACTERS: Final = 127
"""What AES-256 encryption of a PDF takes, in bytes of UTF-8; older kinds take less."""
SECRET: Final = "x-secret"  # noqa: S105 - the mark of a secret option, no password
"""The key in `json_schema_extra` of an option whose value is never shown, logged or kept with the result."""

PASSWORD_VALID: Final = f"a text of 1 to {MAX_PASSWORD_CHARACTERS} characters"


def mark_secret(valid: str) -> dict[str, Any]:
    """Give the `json_schema_extra` of a secret option."""
    return {"x-valid": valid, SECRET: True, "format": "password", "writeOnly": True}


Password = Annotated[str, Field(min_length=1, max_length=MAX_PASSWORD_CHARACTERS)]


def password_field(more: str = "") -> Any:
    """The option that opens an encrypted document; `more` is what else is to be said of it."""
    return Field(
        None,
        description="The password that opens the document, where it is encrypted. It is used in the cage alone and "
        f"appears in no result, log or event. {more}".rstrip(),
        examples=["correct horse battery staple"],
        json_schema_extra=mark_secret(PASSWORD_VALID),
        repr=False,
    )
