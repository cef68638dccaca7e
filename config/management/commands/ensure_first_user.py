"""`manage.py ensure_first_user`: there is somebody who can log in."""

import json
import os
import secrets
import tempfile
from argparse import ArgumentParser
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

from filemill.launch.home import Home

DEFAULT_USERNAME = "admin"


@dataclass(frozen=True)
class FirstUser:
    """Who the first user is; `password` only when it was generated just now."""

    username: str
    password: str | None = None
    is_new: bool = False


class Command(BaseCommand):
    """Makes the first user from DJANGO_SUPERUSER_*, or `admin` with a random password; a second run changes nothing."""

    help = "Make the first user unless there is one; print who it is."
    requires_system_checks = ()  # they cost a second of every start, and `manage.py check` runs them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the answer as one line of JSON")

    def handle(self, *args: object, **options: object) -> None:
        user = ensure_first_user(Home(Path(settings.FILEMILL_HOME)))
        if options["json"]:
            self.stdout.write(json.dumps(asdict(user)))
        elif user.password is not None:
            self.stdout.write(f"Made the user {user.username} with the password {user.password}")
        else:
            self.stdout.write(f"{'Made the user' if user.is_new else 'There is the user'} {user.username}")


def ensure_first_user(home: Home) -> FirstUser:
    """Make the user that the environment names, or `admin` when nobody administrates this installation yet."""
    named = os.environ.get("DJANGO_SUPERUSER_USERNAME", "")
    wanted = User.objects.filter(username=named) if named else User.objects.filter(is_superuser=True)
    existing = wanted.order_by("pk").first()
    if existing is not None:
        return FirstUser(existing.get_username())
    username = named or _choose_free_username()
    given = os.environ.get("DJANGO_SUPERUSER_PASSWORD", "")
    password = given or secrets.token_urlsafe(15)
    if not given:
        # Before the user exists: a kill in between must not leave a user whose password nobody knows.
        keep_password(home.first_password, password)
    User.objects.create_superuser(
        username=username, email=os.environ.get("DJANGO_SUPERUSER_EMAIL", ""), password=password
    )
    return FirstUser(username, password=None if given else password, is_new=True)


def _choose_free_username() -> str:
    """`admin`, unless an ordinary user has taken that name: nobody is made an administrator by accident."""
    if User.objects.filter(username=DEFAULT_USERNAME).exists():
        return f"{DEFAULT_USERNAME}-{secrets.token_hex(2)}"
    return DEFAULT_USERNAME


def keep_password(place: Path, password: str) -> None:
    """Write the password whole, readable by the owner alone from the first moment."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=place.parent)  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(password + "\n")
        file.flush()
        os.fsync(descriptor)
    Path(draft).replace(place)
