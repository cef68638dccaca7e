"""System checks: what an operator should know before the service is relied on."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register  # noqa: A004  Django's name for it

from config.environment import PLACEHOLDER_KEYS


@register
def check_secret_key(**_: Any) -> list[CheckMessage]:
    """Warn of a placeholder key; with DEBUG off the settings refuse it before any check runs."""
    if settings.SECRET_KEY not in PLACEHOLDER_KEYS:
        return []
    return [
        Warning(
            "SECRET_KEY is a placeholder: sessions and tokens can be forged.",
            hint="Set a random one, or leave it out and Filemill keeps one of its own in FILEMILL_HOME.",
            id="filemill.W001",
        )
    ]
