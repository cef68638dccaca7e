import logging
from pathlib import Path

from config.logs import OneLineFormatter, TaskIdFilter, is_worker, logging_config
from filemill.tasks.logs import about

FORMAT = "%(levelname)s%(task)s %(message)s"


def line_of(message: str, **given: object) -> str:
    record = logging.LogRecord("mill", logging.INFO, __file__, 1, message, (), None)
    record.__dict__.update(given)
    TaskIdFilter().filter(record)
    return OneLineFormatter(FORMAT).format(record)


def test_a_line_about_a_task_holds_its_id() -> None:
    with about("0193-abc"):
        assert line_of("started") == "INFO task_id=0193-abc started"
    assert line_of("started") == "INFO started"


def test_an_id_given_with_the_record_is_shown() -> None:
    assert line_of("rescued", task_id="0193-abc") == "INFO task_id=0193-abc rescued"


def test_a_file_name_can_not_forge_a_line() -> None:
    assert line_of("took a\n2026 ERROR root gone\x1b[31m") == "INFO took a\\x0a2026 ERROR root gone\\x1b[31m"


def test_names_in_any_script_stay_readable() -> None:
    assert line_of("took сурат.jpg") == "INFO took сурат.jpg"


def test_only_a_worker_writes_the_log_file(tmp_path: Path) -> None:
    assert is_worker("/x/.venv/bin/celery", ["celery", "-A", "config", "worker"])
    assert not is_worker("/x/.venv/bin/celery", ["celery", "-A", "config", "beat"])
    assert "file" not in logging_config(program="manage.py", directory=tmp_path)["handlers"]
