"""What happens to the database on the first start: a user, and samples."""

import io
import json
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from config.environment import SAMPLES
from config.management.commands.ensure_first_user import ensure_first_user
from filemill.launch.home import Home
from filemill.tasks.models import TaskLog

pytestmark = pytest.mark.django_db


@pytest.fixture
def empty_home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_new_installation_gets_an_administrator_with_a_random_password(empty_home: Home) -> None:
    first = ensure_first_user(empty_home)

    assert (first.username, first.is_new) == ("admin", True)
    assert first.password is not None
    user = User.objects.get(username="admin")
    assert user.is_superuser
    assert user.check_password(first.password)


def test_the_random_password_is_kept_for_its_owner_alone(empty_home: Home) -> None:
    first = ensure_first_user(empty_home)

    assert empty_home.first_password.read_text() == f"{first.password}\n"
    assert empty_home.first_password.stat().st_mode & 0o777 == 0o600


def test_a_second_start_changes_nothing_and_tells_no_password(empty_home: Home) -> None:
    ensure_first_user(empty_home)
    before = (empty_home.first_password.read_text(), User.objects.get().password)

    again = ensure_first_user(empty_home)

    assert (again.username, again.password, again.is_new) == ("admin", None, False)
    assert (empty_home.first_password.read_text(), User.objects.get().password) == before


def test_the_environment_names_the_first_user(empty_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_USERNAME", "miller")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "corn-in-flour-out")
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "miller@example.org")

    first = ensure_first_user(empty_home)

    user = User.objects.get(username="miller")
    assert user.email == "miller@example.org"
    assert user.check_password("corn-in-flour-out")
    assert first.password is None
    assert not empty_home.first_password.exists()


def test_an_installation_with_an_administrator_gets_no_other(empty_home: Home) -> None:
    User.objects.create_superuser("boss", password="x")

    assert ensure_first_user(empty_home).username == "boss"
    assert User.objects.count() == 1


def test_an_ordinary_user_called_admin_is_not_made_an_administrator(empty_home: Home) -> None:
    User.objects.create_user("admin", password="x")

    first = ensure_first_user(empty_home)

    assert first.username.startswith("admin-")
    assert not User.objects.get(username="admin").is_superuser


def test_the_command_answers_in_one_line_of_json() -> None:
    out = io.StringIO()

    call_command("ensure_first_user", "--json", stdout=out)

    assert json.loads(out.getvalue())["username"] == "admin"


def test_the_samples_become_tasks_of_the_first_user() -> None:
    user = User.objects.create_superuser("boss", password="x")

    call_command("process_samples", stdout=io.StringIO())

    tasks = TaskLog.objects.filter(user=user)
    assert {task.file_name for task in tasks} == {path.name for path in SAMPLES.iterdir() if path.suffix != ".md"}
    assert {task.task_type for task in tasks} == {"image", "video", "document"}
    assert {task.operation for task in tasks if task.file_name == "tune.mp3"} == {"audio.waveform"}
    assert all(task.tags == ["sample"] for task in tasks)


def test_without_any_user_the_samples_are_refused() -> None:
    with pytest.raises(CommandError, match="ensure_first_user"):
        call_command("process_samples")
