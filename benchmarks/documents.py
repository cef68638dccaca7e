"""P11 and P12: the pages of a PDF as text and as pictures, and a word document as a PDF."""

import multiprocessing
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks import corpus, protocol
from benchmarks.peers import pdf_loops
from benchmarks.processes import BenchmarkError
from benchmarks.protocol import Bar, Work
from benchmarks.service import Service, make_memory, run_service

RENDERED: Final = 100
DPI: Final = 150
WARM_SECONDS: Final = 3.0
"""After a document the next LibreOffice is started ahead; a second at the most, unless another one is just starting."""


def run_task(service: Service, client: httpx.Client, path: Path, operation: str, options: Mapping[str, Any]) -> None:
    """Hand in a document, and wait until it is done."""
    body = {"file_path": str(path), "task_type": "document", "operation": operation, "metadata": dict(options)}
    task = service.hand_in(client, body)["id"]
    service.wait_for_rows("id = %s", [task], every_seconds=0.005)


def measure_pages() -> bool:
    """P11: a process of its own does with pypdfium2 alone what the task does."""
    path = corpus.make_pdf()
    pages = min(RENDERED, protocol.count_files(RENDERED))
    options = {"format": "jpeg", "quality": 85, "dpi": DPI, "pages": f"1-{pages}"}
    with (
        run_service(corpus.find_place()) as service,
        service.open_client() as client,
        make_memory() as memory,
        multiprocessing.get_context("spawn").Pool(1) as pool,
    ):
        rounds = protocol.count_rounds(5)
        text: dict[str, Work] = {
            "filemill": lambda: run_task(service, client, path, "document.text", {}),
            "bare pypdfium2": lambda: pool.apply(pdf_loops.write_text, (str(path), str(memory / "text.txt"))),
        }
        drawn: dict[str, Work] = {
            "filemill": lambda: run_task(service, client, path, "document.render", options),
            "bare pypdfium2": lambda: pool.apply(pdf_loops.draw_pages, (str(path), str(memory), pages, DPI)),
        }
        taken = {
            "text": protocol.take_turns(text, rounds=rounds),
            "pictures": protocol.take_turns(drawn, rounds=rounds),
        }
    bars = []
    for what, seconds in taken.items():
        ratios = [one / other for one, other in zip(seconds["filemill"], seconds["bare pypdfium2"], strict=True)]
        ratio = protocol.find_median_ratio(seconds["filemill"], seconds["bare pypdfium2"])
        name = f"pages as {what}, time against pypdfium2 alone"
        bars.append(Bar(name=name, unit="times", figure=ratio, at_most=1.08, spread=(min(ratios), max(ratios))))
    rivals = {f"{name}, {what}": seconds for what, both in taken.items() for name, seconds in both.items()}
    protocol.keep("P11", bars=bars, details={"text_pages": corpus.PDF_PAGES, "drawn_pages": pages}, rivals=rivals)
    return all(bar.holds for bar in bars)


def measure_conversion() -> bool:
    """P12: LibreOffice started for one document, with a profile that it has used before, against the warm service."""
    soffice = shutil.which("soffice")
    if soffice is None:
        raise BenchmarkError("P12 needs LibreOffice: install Debian's packages libreoffice-writer-nogui and so on.")
    path = corpus.make_word_document()
    with run_service(corpus.find_place()) as service, service.open_client() as client, make_memory() as memory:
        profile = f"-env:UserInstallation=file://{memory / 'profile'}"
        argv = [soffice, profile, "--headless", "--convert-to", "pdf", "--outdir", str(memory), str(path)]

        def convert_cold() -> None:
            subprocess.run(argv, check=True, capture_output=True)
            if not (memory / "report.pdf").exists():
                raise BenchmarkError("LibreOffice made no PDF.")
            (memory / "report.pdf").unlink()

        rivals: dict[str, Work] = {
            "filemill": lambda: run_task(service, client, path, "document.convert", {"format": "pdf"}),
            "soffice, started": convert_cold,
        }
        taken = protocol.take_turns(rivals, rounds=protocol.count_rounds(7), pause_seconds=WARM_SECONDS)
    name = "speed against LibreOffice started for each document"
    bar = protocol.require_speed(name, taken["filemill"], taken["soffice, started"], at_least=4.0)
    protocol.keep("P12", bars=[bar], details={}, rivals=taken)
    return bar.holds
