"""`manage.py process_samples`: something to see after the first start."""

from argparse import ArgumentParser
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from config.environment import SAMPLES
from filemill.files.sources import Source
from filemill.processing.media import sniff, task_type_of
from filemill.tasks import services
from filemill.tasks.refusals import Refused

TAG = "sample"
HEAD_BYTES = 64 * 1024


class Command(BaseCommand):
    """Hands in every file of `samples/` for the first user."""

    help = "Hand in the files of samples/ as tasks of the first user (or --username)."
    requires_system_checks = ()  # they cost a second of every start, and `manage.py check` runs them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="", help="whose tasks they become")

    def handle(self, *args: object, **options: object) -> None:
        user = find_owner(str(options["username"]))
        submitted = [path.name for path in sorted(SAMPLES.glob("*")) if self._submit(user, path)]
        self.stdout.write(f"Handed in {len(submitted)} samples for {user.get_username()}: {', '.join(submitted)}")

    def _submit(self, user: User, path: Path) -> bool:
        task_type = read_task_type(path)
        if task_type is None:
            return False  # the folder's own README and licences
        try:
            services.submit(user=user, task_type=task_type, source=Source.from_path(str(path)), tags=[TAG])
        except Refused as refusal:
            self.stderr.write(f"{path.name} was refused: {refusal}")
            return False
        return True


def find_owner(username: str) -> User:
    """The named user, or the first administrator."""
    found = User.objects.filter(username=username) if username else User.objects.filter(is_superuser=True)
    user = found.order_by("pk").first()
    if user is None:
        raise CommandError(
            f"There is no user {username!r}." if username else "There is no user yet: run ensure_first_user first."
        )
    return user


def read_task_type(path: Path) -> str | None:
    """Which task type takes this file, by its content; None for what is no sample."""
    if not path.is_file() or path.suffix.lower() in ("", ".md"):
        return None
    with path.open("rb") as file:
        return task_type_of(sniff(file.read(HEAD_BYTES), path.name))
