"""What the operations on PDFs share: their limits, what their sealed functions are told, and what can be foreseen."""

from collections.abc import Callable
from typing import Any, Final

from filemill.processing.bench import Bench, Limits
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Options
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput

PDF_LIMITS: Final = Limits(memory_bytes=1024**3, cpu_seconds=600, wall_seconds=900.0, output_bytes=4 * 1024**3)
PAGE_CPU_SECONDS: Final = 60.0
"""For one page, where pages are told one by one: it takes milliseconds, and a few hundred bytes can make it endless."""
MAX_PARTS: Final = 1000
"""How many documents or pictures one task may make."""

_SECONDS_PER_MEGABYTE: Final = 0.02
_SECONDS_PER_PAGE: Final = 0.001
_MEMORY_PER_BYTE: Final = 2
_LEAST_MEMORY_BYTES: Final = 64 * 1024**2


def arguments_of(bench: Bench, password: str | None) -> dict[str, Any]:
    """Give what every sealed function that opens a PDF is told."""
    return {"password": password, "max_pages": bench.input_limits.max_pages}


def stem_of(bench: Bench) -> str:
    """Name the outputs after the input."""
    return name_stem(bench.file_name, fallback="document")


def cost_of(facts: Facts) -> Cost:
    """Estimate the rewriting of a PDF by its size and pages."""
    size = facts.size or 0
    return Cost(
        cpu_seconds=0.05 + size / 1e6 * _SECONDS_PER_MEGABYTE + (facts.pages or 1) * _SECONDS_PER_PAGE,
        memory_bytes=_LEAST_MEMORY_BYTES + size * _MEMORY_PER_BYTE,
    )


def plan_change(ending: str) -> Callable[[Facts, Options], Planned]:
    """Foresee one PDF of as many pages as the input, called `*-ENDING.pdf`."""

    def plan(facts: Facts, _options: Options) -> Planned:
        made = Facts(media_type=PDF_TYPE, pages=facts.pages, more={"page_size": facts.more.get("page_size")})
        return Planned(outputs=(PlannedOutput(name=f"*-{ending}.pdf", facts=made),), cost=cost_of(facts))

    return plan


def produces_pdf(_media_type: str, _options: Options) -> str:
    """The media type of the first output."""
    return PDF_TYPE
