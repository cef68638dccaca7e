"""P6 to P8: what the API itself takes. No worker runs, so that the two processors are web, database and broker's."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from benchmarks import corpus, proc, protocol
from benchmarks.bulk import THUMBNAIL, ask_for
from benchmarks.processes import ROOT, BenchmarkError, find_free_port, run_program
from benchmarks.protocol import Bar
from benchmarks.service import USERS, Service, run_service

CONNECTIONS: Final = 8
SECONDS: Final = 3.0
BULK: Final = 10_000
LISTED: Final = 1_000
CREATE: Final = "/api/tasks/create_task/"
SERVERS: Final = ("postgres", "valkey")
PRODUCT, PLAIN = "filemill", "plain REST framework"


class Doors:
    """The product's web side and the plain views, side by side on the same tables."""

    def __init__(self, service: Service, plain_port: int) -> None:
        self.service = service
        self._plain_port = plain_port
        self.latencies: dict[str, list[float]] = {PRODUCT: [], PLAIN: []}
        self.cpu_ms: dict[str, dict[str, float]] = {}
        self.seconds: dict[str, list[float]] = {PRODUCT: [], PLAIN: []}

    def ask(self, name: str, *, method: str, body: Mapping[str, Any] | None) -> None:
        """Load one of the two for a few seconds; keep the seconds for each request, and each one's latency."""
        port = self.service.port if name == PRODUCT else self._plain_port
        path = {PRODUCT: CREATE if body else "/api/tasks/", PLAIN: "/tasks/"}[name]
        before = proc.measure_cpu(self.service.parts)
        told = load(self.service, port=port, method=method, path=path, body=body)
        after = proc.measure_cpu(self.service.parts)
        self.cpu_ms[name] = {
            part: round(1000 * (after[part] - before[part]) / told["requests"], 3)
            for part in ("web", "plain", *SERVERS)
        }
        self.seconds[name].append(told["seconds"] / told["requests"])
        self.latencies[name] += told["taken"]

    def compare(self, *, rounds: int, method: str, body: Mapping[str, Any] | None = None) -> None:
        """Load them in turns; a first round is thrown away."""
        rivals = {name: lambda name=name: self.ask(name, method=method, body=body) for name in (PRODUCT, PLAIN)}
        protocol.take_turns(rivals, rounds=0)
        for kept in (*self.seconds.values(), *self.latencies.values()):
            kept.clear()
        protocol.take_turns(rivals, rounds=rounds, warm_up=0)


@contextmanager
def open_doors() -> Iterator[Doors]:
    """Both web sides, ready."""
    with run_service(corpus.find_place(), with_worker=False) as service:
        port = find_free_port()
        service.start_web("plain", port=port, DJANGO_SETTINGS_MODULE="benchmarks.peers.plain.settings")
        yield Doors(service, port)


def load(service: Service, *, port: int, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    """Let a process of its own load a server for a few seconds."""
    plan = {
        "port": port,
        "method": method,
        "path": path,
        "token": service.tokens[USERS[0]],
        "body": body,
        "status": 201 if body else 200,
        "connections": CONNECTIONS,
        "seconds": SECONDS,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(plan),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchmarkError(done.stderr[-2000:])
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def measure_create() -> bool:
    """P6: creating."""
    path = corpus.make_small_pictures(1)[0]
    body = {"file_path": str(path), "task_type": "image", "metadata": ask_for(THUMBNAIL)}
    with open_doors() as doors:
        doors.compare(rounds=protocol.count_rounds(5), method="POST", body=body)
    slowest = 1000 * protocol.find_percentile(doors.latencies[PRODUCT], 99)
    bars = [
        protocol.require_speed(
            "requests a second against a plain view", doors.seconds[PRODUCT], doors.seconds[PLAIN], at_least=2.5
        ),
        Bar(name="99th percentile of the latency", unit="ms", figure=slowest, at_most=25.0),
    ]
    return keep("P6", bars, doors)


def measure_list() -> bool:
    """P7: listing."""
    paths = [str(path) for path in corpus.make_small_pictures(LISTED)]
    with open_doors() as doors, doors.service.open_client() as client:
        body = {"file_paths": paths, "task_type": "image", "metadata": ask_for(THUMBNAIL)}
        doors.service.hand_in(client, body, address="bulk_create")
        doors.service.execute("VACUUM ANALYZE tasks_tasklog")
        doors.compare(rounds=protocol.count_rounds(5), method="GET")
    name = "requests a second against a ModelSerializer"
    bars = [protocol.require_speed(name, doors.seconds[PRODUCT], doors.seconds[PLAIN], at_least=2.0)]
    return keep("P7", bars, doors)


def keep(name: str, bars: list[Bar], doors: Doors) -> bool:
    """Keep the result, with the requests a second and the latencies of both."""
    details = {
        rival: {
            "requests_per_second": round(1 / protocol.find_percentile(doors.seconds[rival], 50), 1),
            "cpu_ms_per_request": doors.cpu_ms[rival],
            "p50_ms": round(1000 * protocol.find_percentile(taken, 50), 2),
            "p99_ms": round(1000 * protocol.find_percentile(taken, 99), 2),
        }
        for rival, taken in doors.latencies.items()
    }
    protocol.keep(name, bars=bars, details={"connections": CONNECTIONS, **details}, rivals=doors.seconds)
    return all(bar.holds for bar in bars)


def measure_bulk_create() -> bool:
    """P8: many paths in one request, every one of them opened and looked at, against rows without any check."""
    count = protocol.count_files(BULK)
    paths = [str(path) for path in corpus.make_small_pictures(count)]
    body = {"file_paths": paths, "task_type": "image", "metadata": ask_for(THUMBNAIL)}
    taken: dict[str, list[float]] = {PRODUCT: [], "bare bulk_create": []}
    with run_service(corpus.find_place(), with_worker=False) as service, service.open_client() as client:
        rows = ["-m", "benchmarks.peers.plain.rows", str(count), USERS[0]]
        service.hand_in(client, {**body, "file_paths": paths[:100]}, address="bulk_create")
        for _ in range(protocol.count_rounds(5)):
            service.forget_tasks()
            hand_in = {"filemill": lambda: service.hand_in(client, body, address="bulk_create")}
            taken[PRODUCT] += protocol.take_turns(hand_in, rounds=1, warm_up=0)["filemill"]
            service.forget_tasks()
            taken["bare bulk_create"].append(float(run_program(rows, environ=service.environ)))
    name = "speed against bulk_create of the bare rows and events"
    bar = protocol.require_speed(name, taken[PRODUCT], taken["bare bulk_create"], at_least=4.0)
    protocol.keep("P8", bars=[bar], details={"paths": count}, rivals=taken)
    return bar.holds
