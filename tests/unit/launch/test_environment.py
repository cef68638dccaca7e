"""What the environment and .env say, and how wrong values are refused."""

import socket
from pathlib import Path

import pytest

from filemill.launch.environment import PROJECT, check_database, check_port, find_sentence, read_environment
from filemill.launch.errors import LaunchError


def test_without_any_word_it_listens_on_this_machine_only_and_embeds_its_servers(tmp_path: Path) -> None:
    environment = read_environment({}, directory=tmp_path)

    assert environment.url == "http://127.0.0.1:8000/"
    assert environment.embeds_postgres
    assert environment.embeds_broker
    assert environment.wants_samples
    assert environment.home.path == PROJECT / "var"


def test_values_come_from_the_dotenv_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=8123\nDB_HOST=db.example\nCELERY_BROKER_URL='redis://q/0'\n")

    environment = read_environment({}, directory=tmp_path)

    assert environment.port == 8123
    assert not environment.embeds_postgres
    assert not environment.embeds_broker
    assert environment.variables["DB_HOST"] == "db.example"


def test_the_environment_wins_over_the_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=8123\n")

    assert read_environment({"PORT": "9000"}, directory=tmp_path).port == 9000


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "80 80", "٨٠"])
def test_a_port_that_is_none_is_refused_by_name(port: str, tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="PORT is") as refusal:
        read_environment({"PORT": port}, directory=tmp_path)

    assert refusal.value.code == "wrong_value"


def test_samples_can_be_left_out(tmp_path: Path) -> None:
    assert not read_environment({"FILEMILL_SAMPLES": "off"}, directory=tmp_path).wants_samples


def test_a_switch_that_is_neither_on_nor_off_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="on or off"):
        read_environment({"FILEMILL_SAMPLES": "perhaps"}, directory=tmp_path)


def test_relative_paths_mean_the_directory_of_the_command(tmp_path: Path) -> None:
    environment = read_environment({"FILEMILL_HOME": "data", "FILEMILL_ROOTS": "in:/mnt/x"}, directory=tmp_path)

    assert environment.home.path == tmp_path / "data"
    assert environment.variables["FILEMILL_HOME"] == str(tmp_path / "data")
    assert environment.variables["FILEMILL_ROOTS"] == f"{tmp_path}/in:/mnt/x"
    assert environment.variables["FILEMILL_LOG_DIR"] == str(tmp_path)


def test_listening_on_every_address_is_reached_by_the_loopback(tmp_path: Path) -> None:
    assert read_environment({"FILEMILL_BIND": "0.0.0.0"}, directory=tmp_path).address == "127.0.0.1"
    assert read_environment({"FILEMILL_BIND": "::"}, directory=tmp_path).address == "[::1]"


def test_a_port_in_use_is_refused_with_another_to_try(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        environment = read_environment({"PORT": str(port)}, directory=tmp_path)

        with pytest.raises(LaunchError, match=f"Port {port} on 127.0.0.1 is in use") as refusal:
            check_port(environment)

    assert refusal.value.code == "port_in_use"


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="FILEMILL_BIND") as refusal:
        check_port(read_environment({"FILEMILL_BIND": "192.0.2.1"}, directory=tmp_path))

    assert refusal.value.code == "cannot_bind"


def test_of_a_traceback_of_the_settings_only_the_sentence_is_left() -> None:
    traceback = (
        "Traceback (most recent call last):\n"
        '  File "<string>", line 1, in <module>\n'
        "django.core.exceptions.ImproperlyConfigured: DB_PORT: Not a valid integer.\n"
    )

    assert find_sentence(traceback) == "DB_PORT: Not a valid integer."


def test_of_any_other_traceback_the_last_line_is_left() -> None:
    assert find_sentence("Traceback…\nKeyError: 'x'\n\n") == "The settings can't be read: KeyError: 'x'"
    assert find_sentence("") == "The settings can't be read: no reason was given"


def test_a_database_of_ones_own_that_is_away_is_told_in_a_sentence(tmp_path: Path) -> None:
    variables = {"FILEMILL_HOME": str(tmp_path / "home"), "DB_HOST": "127.0.0.1", "DB_PORT": "1"}
    with pytest.raises(LaunchError, match=r"The PostgreSQL at 127\.0\.0\.1 port 1 can't be used") as caught:
        check_database(read_environment(variables, directory=tmp_path))
    assert caught.value.code == "no_database"


@pytest.mark.parametrize(
    ("variables", "cage"),
    [
        ({}, "auto"),
        ({"FILEMILL_BIND": "localhost"}, "auto"),
        ({"FILEMILL_BIND": "::1"}, "auto"),
        ({"FILEMILL_CAGE": "strict"}, "strict"),
        ({"FILEMILL_BIND": "0.0.0.0"}, None),
        ({"FILEMILL_BIND": "192.0.2.7"}, None),
        ({"FILEMILL_BIND": "mill.example"}, None),
    ],
)
def test_a_weaker_cage_is_taken_by_itself_on_a_loopback_address_alone(
    tmp_path: Path, variables: dict[str, str], cage: str | None
) -> None:
    assert read_environment(variables, directory=tmp_path).variables.get("FILEMILL_CAGE") == cage
