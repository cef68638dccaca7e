"""The page of the figures: made from the kept results, and what the repository holds."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks import page
from benchmarks.charts import draw_rivals, write_time
from benchmarks.registry import Benchmark

FAST = Benchmark(name="P1", title="A bulk", reference="a loop", place="benchmarks.bulk:measure_photos")
LATER = Benchmark(name="P2", title="Another", reference="a project", place="benchmarks.bulk:measure_small")
BENCHMARKS = {"P1": FAST, "P2": LATER}


def make_result(**changed: Any) -> dict[str, Any]:
    bar = {"name": "speed", "unit": "times", "figure": 1.234, "at_most": None, "at_least": 1.5, "holds": False}
    rival = {"median_ms": 1500.0, "least_ms": 1400.0, "most_ms": 2000.0, "rounds": 5}
    return {
        "benchmark": "P1",
        "measured_at": "2026-01-02T03:04:05+00:00",
        "machine": {
            "kernel": "6.1",
            "processors": 2,
            "python": "3.11.2",
            "commit": "abc1234",
            "load_average": [1.0, 1.0, 1.0],
        },
        "bars": [{**bar, "spread": [1.1, 1.4]}],
        "rivals": {"filemill": rival, "<bare>": {**rival, "median_ms": 12.5}},
        **changed,
    }


def test_a_bar_that_falls_short_is_told_with_its_goal_and_its_rounds() -> None:
    text = page.write_page({"P1": make_result()}, BENCHMARKS)

    assert "| P1 | A bulk: speed | 1.23 times | 1.10 to 1.40 | at least 1.5 | **falls short** |" in text


def test_a_benchmark_that_was_not_run_is_told() -> None:
    assert "| P2 | Another | not measured yet |" in page.write_page({"P1": make_result()}, BENCHMARKS)


def test_the_machine_and_its_load_stand_with_the_figures() -> None:
    text = page.write_page({"P1": make_result()}, BENCHMARKS)

    assert "2026-01-02, commit abc1234, 2 processors, Linux 6.1, Python 3.11.2, load 1." in text
    assert "no measure" not in text


def test_figures_of_a_busy_machine_are_told_to_be_none() -> None:
    machine = {**make_result()["machine"], "load_average": [9.0, 5.0, 4.0]}

    assert "these figures are no measure" in page.write_page({"P1": make_result(machine=machine)}, BENCHMARKS)


@pytest.mark.parametrize(("milliseconds", "written"), [(12.5, "12.5 ms"), (999.9, "999.9 ms"), (1500.0, "1.50 s")])
def test_times_are_written_as_people_read_them(milliseconds: float, written: str) -> None:
    assert write_time(milliseconds) == written


def test_a_plot_is_a_picture_with_a_bar_for_each_rival() -> None:
    rivals: Mapping[str, Any] = make_result()["rivals"]
    root = ET.fromstring(draw_rivals("A <bulk>", rivals))
    bars = root.findall("{http://www.w3.org/2000/svg}rect")[1:]

    assert len(bars) == len(rivals)
    assert float(bars[0].attrib["width"]) > float(bars[1].attrib["width"])
    assert "<bare>" in "".join(root.itertext())


def test_the_page_and_its_plots_are_what_the_kept_results_give() -> None:
    results = page.read_results()
    plots = {place.name: place.read_text(encoding="utf-8") for place in page.PLOTS.glob("*.svg")}

    assert page.PAGE.read_text(encoding="utf-8") == page.write_page(results), (
        "run `.venv/bin/python -m benchmarks.page`"
    )
    assert plots == page.draw_plots(results)
