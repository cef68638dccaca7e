"""Where things of an installation lie."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from filemill.launch.errors import LaunchError
from filemill.launch.home import Home

LONG_NAME = "a-directory-whose-name-is-rather-long-" * 4


def test_sockets_lie_in_the_home_when_their_paths_are_short_enough(tmp_path: Path) -> None:
    home = Home(Path("/srv/filemill"))

    assert home.run == Path("/srv/filemill/run")
    assert home.postgres_socket_dir == home.run
    assert home.valkey_socket == Path("/srv/filemill/run/valkey.sock")


def test_sockets_of_a_long_home_lie_in_the_runtime_directory() -> None:
    home = Home(Path("/srv") / LONG_NAME, runtime_directory=Path("/run/user/1000"))

    assert home.run.parent == Path("/run/user/1000")
    assert len(os.fsencode(home.run / ".s.PGSQL.5432")) < 100


def test_sockets_of_a_long_home_lie_in_tmp_when_there_is_no_runtime_directory() -> None:
    home = Home(Path("/srv") / LONG_NAME)

    assert home.run.parent == Path("/tmp")
    assert str(os.getuid()) in home.run.name


def test_two_long_homes_never_share_their_sockets() -> None:
    assert Home(Path("/srv") / LONG_NAME / "a").run != Home(Path("/srv") / LONG_NAME / "b").run


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A directory with a short path, which pytest's own may not be: sockets must fit in below."""
    with TemporaryDirectory(prefix="fm", dir="/tmp") as directory:
        yield Path(directory)


def test_a_shell_without_runtime_directory_finds_the_sockets_of_one_with_it(short_directory: Path) -> None:
    runtime = short_directory / "r"
    runtime.mkdir()
    path = short_directory / LONG_NAME
    started = Home(path, runtime_directory=runtime)
    assert started.run.parent == runtime

    started.prepare()

    assert Home(path).run == started.run


def test_urls_quote_what_a_path_may_hold() -> None:
    home = Home(Path("/srv/my files?"))

    assert home.broker_url(0) == "redis+socket:///srv/my%20files%3F/run/valkey.sock?virtual_host=0"
    assert home.cache_url(2) == "unix:///srv/my%20files%3F/run/valkey.sock?db=2"


def test_a_new_home_is_closed_to_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    home.prepare()

    assert home.path.stat().st_mode & 0o077 == 0
    assert home.run.stat().st_mode & 0o077 == 0
    assert home.inbox.is_dir()
    assert home.uploads.is_dir()


def test_preparing_twice_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    before = sorted(home.path.iterdir())

    home.prepare()

    assert sorted(home.path.iterdir()) == before


def test_a_home_that_can_not_be_written_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LaunchError, match="set FILEMILL_HOME") as refusal:
        Home(tmp_path / "file" / "home").prepare()

    assert refusal.value.code == "home_unwritable"


def test_a_run_directory_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    home.run.chmod(0o777)

    with pytest.raises(LaunchError) as refusal:
        home.prepare()

    assert refusal.value.code == "run_directory_not_ours"


def test_a_run_directory_that_is_a_link_planted_by_someone_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / LONG_NAME, runtime_directory=tmp_path)
    (tmp_path / "elsewhere").mkdir()
    home.path.mkdir()
    home.run.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(LaunchError) as refusal:
        home.prepare()

    assert refusal.value.code == "run_directory_not_ours"
    home.run.unlink()


def test_the_environment_names_the_home(tmp_path: Path) -> None:
    home = Home.from_environment(
        {"FILEMILL_HOME": str(tmp_path), "XDG_RUNTIME_DIR": "/run/user/7"}, default=Path("/nowhere")
    )

    assert home.path == tmp_path
    assert home.runtime_directory == Path("/run/user/7")


def test_without_a_word_from_the_environment_the_default_is_the_home(tmp_path: Path) -> None:
    assert Home.from_environment({"FILEMILL_HOME": ""}, default=tmp_path).path == tmp_path
