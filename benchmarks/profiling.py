"""Where the time of a bulk run goes: `make profile`, a table of CPU time and statements, and flame graphs.

Three runs over the same files: one for CPU time by class of process (worker, cage, database, broker), one in which
PostgreSQL logs every statement, one that py-spy samples. None disturbs the figures of another.
"""

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import corpus, proc, protocol
from benchmarks.bulk import FULL_HD, THUMBNAIL, ask_for
from benchmarks.processes import BenchmarkError
from benchmarks.service import OURS, Service, run_service

PLACE: Final = protocol.RESULTS / "profile"
STATEMENT: Final = re.compile(r"^LOG:  (?:statement|execute [^:]*): (.*)")
SHOWN: Final = 25
LONGEST_SAMPLE_SECONDS: Final = 60
KINDS: Final[Mapping[str, tuple[int, tuple[int, int]]]] = {"photos": (200, FULL_HD), "small": (1500, THUMBNAIL)}


def main(names: Sequence[str]) -> int:
    """Profile the bulk runs that are named, or both."""
    for name in names or KINDS:
        profile(name)
    return 0


def profile(name: str) -> None:
    """Profile one kind of bulk run, write what was found, and say it."""
    usual, box = KINDS[name]
    count = protocol.count_files(usual)
    made = corpus.make_photos(count) if name == "photos" else corpus.make_small_pictures(count)
    paths = [str(path) for path in made]
    body = {"file_paths": paths, "task_type": "image", "metadata": ask_for(box)}
    PLACE.mkdir(parents=True, exist_ok=True)
    with run_service(corpus.find_place()) as service, service.open_client() as client:
        service.run_bulk(client, {**body, "file_paths": paths[:20]})

        def run() -> None:
            service.run_bulk(client, body)

        seconds, cpu = measure_cpu(service, run)
        statements = count_statements(service, run)
        single = count_statements(service, lambda: create_one(service, client, body))
        report = write_report(name, count=count, seconds=seconds, cpu=cpu, statements=statements, single=single)
        (PLACE / f"{name}.md").write_text(report, encoding="utf-8")
        sys.stdout.write(report)
        sys.stdout.flush()
        draw_flames(service, run, PLACE / f"{name}.svg", seconds=seconds)


def create_one(service: Service, client: Any, body: Mapping[str, Any]) -> None:
    """A single task, from its request to its end."""
    asked = {"file_path": body["file_paths"][0], "task_type": "image", "metadata": body["metadata"]}
    task = service.hand_in(client, asked)["id"]
    service.wait_for_rows("id = %s", [task])


def measure_cpu(service: Service, run: protocol.Work) -> tuple[float, dict[str, float]]:
    """Return the wall seconds of a run and the CPU seconds that each class of process took for it."""
    parts = service.parts
    before, began_at = proc.measure_cpu(parts), time.monotonic()
    run()
    seconds = time.monotonic() - began_at
    after = proc.measure_cpu(parts)
    return seconds, {name: after[name] - before.get(name, 0.0) for name in after}


def count_statements(service: Service, run: protocol.Work) -> Counter[str]:
    """Return how often each statement came to PostgreSQL in a run, but for the benchmark's own."""
    log = service.servers.home.logs / "postgres.log"
    service.execute("ALTER SYSTEM SET log_statement = 'all'")
    service.execute("ALTER SYSTEM SET log_line_prefix = ''")
    service.execute("SELECT pg_reload_conf()")
    service.execute("SELECT pg_sleep(0.2)")  # the server's processes read it with their next statement
    begin = log.stat().st_size
    run()
    service.execute("ALTER SYSTEM RESET log_statement")
    service.execute("SELECT pg_reload_conf()")
    with log.open(encoding="utf-8", errors="replace") as lines:
        lines.seek(begin)
        return find_statements(lines)


def find_statements(lines: Iterable[str]) -> Counter[str]:
    """Count the statements in a log of PostgreSQL by what is left of them without values."""
    found: Counter[str] = Counter()
    current: list[str] = []
    for line in [*lines, "LOG:  end"]:
        if match := STATEMENT.match(line):
            _count(found, current)
            current = [match.group(1)]
        elif line.startswith("\t") and current:
            current.append(line)
        else:
            _count(found, current)
            current = []
    return found


def _count(found: Counter[str], parts: Sequence[str]) -> None:
    text = " ".join(" ".join(parts).split())
    if text and not text.startswith(OURS):
        found[shorten(text)] += 1


def shorten(statement: str) -> str:
    """Leave the values out of a statement, and all but its beginning."""
    text = re.sub(r"'(?:[^']|'')*'", "?", statement)
    text = re.sub(r"\$?\b\d+\b", "?", text)
    text = re.sub(r"SELECT (?:\"\w+\"\.\"\w+\",? ?)+", "SELECT … ", text)
    return text[:150].replace("|", "\\|")


def draw_flames(service: Service, run: protocol.Work, target: Path, *, seconds: float) -> None:
    """Sample the worker and all its children while a run lasts."""
    spy = Path(sys.executable).with_name("py-spy")
    if not spy.exists():
        raise BenchmarkError("make profile needs py-spy, which make setup installs.")
    lasting = min(LONGEST_SAMPLE_SECONDS, max(2, round(seconds)))
    argv = [str(spy), "record", "--pid", str(service.programs["worker"].pid), "--subprocesses", "--nonblocking"]
    argv += ["--rate", "100", "--duration", str(lasting), "--output", str(target)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as sampling:
        run()
        try:
            told, _ = sampling.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            sampling.kill()
            raise BenchmarkError("py-spy did not come to an end: the machine is too busy.") from None
    if not target.exists():
        raise BenchmarkError(f"py-spy drew nothing: {told[-2000:]}")


def write_report(
    name: str,
    *,
    count: int,
    seconds: float,
    cpu: Mapping[str, float],
    statements: Mapping[str, int],
    single: Mapping[str, int],
) -> str:
    """Write the tables."""
    total = sum(cpu.values())
    rows = [
        f"| {part} | {taken:.2f} | {1000 * taken / count:.2f} | {100 * taken / total if total else 0:.0f} % |"
        for part, taken in sorted(cpu.items(), key=lambda pair: -pair[1])
    ]
    lines = [f"# A bulk of {count} files ({name})", "", f"{seconds:.2f} s, {count / seconds:.1f} files a second.", ""]
    lines += ["| Processes | CPU seconds | ms for each file | Share |", "| --- | --- | --- | --- |", *rows]
    lines += [f"| all | {total:.2f} | {1000 * total / count:.2f} | 100 % |", ""]
    lines += _write_statements(
        f"Statements of the run, {sum(statements.values()) / count:.2f} a file", statements, count
    )
    lines += _write_statements(f"Statements of one task from its request on: {sum(single.values())}", single, 1)
    return "\n".join(lines)


def _write_statements(title: str, statements: Mapping[str, int], count: int) -> list[str]:
    most = sorted(statements.items(), key=lambda pair: -pair[1])[:SHOWN]
    rows = [f"| {times / count:.3f} | `{text}` |" for text, times in most]
    return [f"## {title}", "", "| for each file | statement |", "| --- | --- |", *rows, ""]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
