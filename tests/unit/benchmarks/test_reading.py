"""What benchmarks read: /proc, the log of PostgreSQL, and answers of HTTP."""

import pytest

from benchmarks.load import build_request, find_length
from benchmarks.proc import Process, name_class, parse_pss, parse_stat
from benchmarks.processes import BenchmarkError
from benchmarks.profiling import find_statements, write_report


def test_a_process_is_read_whatever_its_name_holds() -> None:
    text = "42 (a) (b c) S 7 42 42 0 -1 4194560 1 2 3 4 100 50 25 25 20 0 1 0 12345 0 0"

    process = parse_stat(42, text, "celery worker")

    assert (process.pid, process.parent) == (42, 7)
    assert process.cpu_seconds == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("part", "pid", "command", "expected"),
    [
        ("web", 1, "python -m uvicorn", "web"),
        ("worker", 1, "python -m celery worker", "worker main"),
        ("worker", 2, "python -m celery worker", "worker pool"),
        ("worker", 3, "python -I -B -c import json", "cage"),
        ("postgres", 4, "postgres: checkpointer", "postgres"),
    ],
)
def test_a_process_is_told_by_its_part_and_its_command(part: str, pid: int, command: str, expected: str) -> None:
    assert name_class(part, Process(pid=pid, parent=1, command=command, cpu_seconds=0.0), root=1) == expected


def test_memory_is_the_proportional_set_size() -> None:
    assert (
        parse_pss("00400000-7fff ---p 00000000 00:00 0 [rollup]\nRss:  9 kB\nPss:    5 kB\nPss_Dirty: 4 kB\n") == 5120
    )
    assert parse_pss("") == 0


def test_statements_are_counted_without_their_values() -> None:
    log = [
        "LOG:  statement: UPDATE tasks SET progress = 10",
        "\t    WHERE id = 'a'",
        "LOG:  execute <unnamed>: UPDATE tasks SET progress = 20 WHERE id = 'b''c'",
        "DETAIL:  parameters: $1 = 'x'",
        "LOG:  statement: BEGIN",
        "LOG:  statement: /* benchmark */ SELECT 1",
        "LOG:  checkpoint starting",
    ]

    assert find_statements(log) == {"UPDATE tasks SET progress = ? WHERE id = ?": 2, "BEGIN": 1}


def test_a_report_gives_what_each_file_took() -> None:
    report = write_report(
        "small", count=10, seconds=2.0, cpu={"cage": 0.3, "web": 0.1}, statements={"BEGIN": 20}, single={"BEGIN": 3}
    )

    assert "2.00 s, 5.0 files a second." in report
    assert "| cage | 0.30 | 30.00 | 75 % |" in report
    assert "| 2.000 | `BEGIN` |" in report


def test_an_answer_is_whole_when_its_body_is() -> None:
    head = b"HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\n"

    assert find_length(head[:-1]) is None
    assert find_length(head) == len(head) + 5


def test_an_answer_of_unknown_length_is_refused() -> None:
    with pytest.raises(BenchmarkError, match="Content-Length"):
        find_length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")


def test_a_request_goes_out_with_its_token_and_its_body() -> None:
    plan = {"method": "POST", "path": "/tasks/", "port": 80, "token": "abc", "body": {"a": 1}}

    request = build_request(plan)

    assert request.startswith(b"POST /tasks/ HTTP/1.1\r\n")
    assert b"Authorization: Token abc\r\n" in request
    assert request.endswith(b'Content-Length: 8\r\n\r\n{"a": 1}')
