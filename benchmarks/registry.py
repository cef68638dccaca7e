"""Which benchmarks there are: their names, what they promise, and where they live."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

Main = Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A benchmark: `module:function` measures, keeps the result and tells whether every bar holds."""

    name: str
    title: str
    reference: str
    place: str

    def load(self) -> Main:
        """Import the function that measures."""
        module, _, function = self.place.partition(":")
        return cast("Main", getattr(importlib.import_module(module), function))

    @property
    def exists(self) -> bool:
        return importlib.util.find_spec(self.place.partition(":")[0]) is not None


def _list(*rows: tuple[str, str, str, str]) -> Mapping[str, Benchmark]:
    found = [Benchmark(name=row[0], title=row[1], reference=row[2], place=f"benchmarks.{row[3]}") for row in rows]
    return {benchmark.name: benchmark for benchmark in found if benchmark.exists}


ALL: Final = _list(
    ("P1", "A bulk of 200 photos", "a bare loop of pyvips, a process for each core", "bulk:measure_photos"),
    ("P2", "The same bulk", "a usual project of Django, Celery and Pillow", "bulk:measure_photos_against_naive"),
    ("P3", "A bulk of 1,500 small pictures", "the bare loop, and the usual project", "bulk:measure_small"),
    ("P4", "200 photos, each a task of its own", "the bare loop", "single:measure_throughput"),
    ("P5", "One small picture, from the request to the result", "the bare work", "single:measure_latency"),
    ("P6", "Creating tasks over 8 connections", "a plain view of REST framework", "requests:measure_create"),
    ("P7", "Listing 20 tasks", "a ModelSerializer of REST framework", "requests:measure_list"),
    ("P8", "Handing in 10,000 paths at once", "bulk_create of the bare rows", "requests:measure_bulk_create"),
    ("P9", "Reading among ten million tasks", "the same among a thousand", "size:measure"),
    ("P10", "A film transcoded, with progress and checkpoints", "FFmpeg alone", "films:measure"),
    ("P11", "The pages of a PDF, as text and as pictures", "pypdfium2 alone", "documents:measure_pages"),
    ("P12", "A word document as a PDF", "LibreOffice, started for each", "documents:measure_conversion"),
    ("P14", "A task of one user beside 5,000 of another", "the same task alone", "fairness:measure"),
    ("P15", "The memory of the whole service", "itself, 10,000 tasks before", "memory:measure"),
    ("mass", "100,000 small files in one request", "a single task of another user, alone", "mass:measure"),
    ("door", "Creating tasks beside slow clients", "the same without them", "door:measure"),
    ("cage", "The cage", "the same work without it", "cage:main"),
)


def choose(names: Sequence[str], known: Mapping[str, Benchmark] = ALL) -> tuple[list[Benchmark], list[str]]:
    """Return the benchmarks that are named, in the order of the registry, and the names that nobody knows."""
    by_name = {name.lower(): benchmark for name, benchmark in known.items()}
    asked = {part.lower() for name in names for part in name.replace(",", " ").split()}
    unknown = sorted(asked - set(by_name))
    return [by_name[name] for name in by_name if not asked or name in asked], unknown
