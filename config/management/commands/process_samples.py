"""`manage.py process_samples`: something to see after the first start."""

from argparse import ArgumentParser
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from config.environment import SAMPLES
from filemill.files.sources import Source
from filemill.processing.media import AUDIO_TYPES, sniff, task_type_of
from filemill.tasks import services
from filemill.tasks.drafts import Asked
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
        media_type = read_media_type(path)
        if media_type is None:
            return False  # the folder's own README and licences
        # The operation that films have by default takes no sound.
        asked = Asked(operation="audio.waveform") if media_type in AUDIO_TYPES else None
        kind, source = task_type_of(media_type), Source.from_path(str(path))
        try:
            services.submit(user=user, task_type=kind, source=source, asked=asked, tags=[TAG])
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


def read_media_type(path: Path) -> str | None:
    """Of which type this file is, by its content; None for what is no sample."""
    if not path.is_file() or path.suffix.lower() in ("", ".md"):
        return None
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES), path.name)
