"""The sizes of a stream: which renditions it has, what they are called, and how the film is laid out in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from filemill.processing.operations.ffmpeg.presets import RUNGS
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.sizing import FilmFit, Layout, Resize, Size, round_to_even
from filemill.processing.operations.video.film_plan import plan_even_layout

RungName = Literal["240p", "360p", "480p", "720p", "1080p", "1440p", "2160p"]

_USUAL_NAMES: Final[tuple[RungName, ...]] = ("360p", "480p", "720p", "1080p")
RUNG_NAMES: Final[tuple[RungName, ...]] = get_args(RungName)
"""From the lowest to the highest."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One size of a stream."""

    name: RungName
    layout: Layout
    rated_as: RungName
    """The size whose usual bit rate it has: its name's, or where the size was said, that of as many pixels."""


def plan_ladder(facts: Facts, names: Sequence[RungName] | None, box: Resize | None, fit: FilmFit) -> tuple[Rung, ...]:
    """Work out the sizes, the largest first: in the boxes of their names, or the largest in `box`.

    Of two that a small film makes alike there is the lower one. Raises OptionsError for more pixels than a film has.
    """
    found: dict[Size, Rung] = {}
    for rung in _in_box(facts, names, box) if box is not None else _by_names(facts, names, fit):
        found.setdefault(rung.layout.canvas, rung)
    return tuple(reversed(found.values()))


def name_size(size: Size) -> RungName:
    """Give the lowest name that stands for as many pixels."""
    return next((name for name in RUNG_NAMES if _box_of(name).pixels >= size.pixels), RUNG_NAMES[-1])


def _by_names(facts: Facts, names: Sequence[RungName] | None, fit: FilmFit) -> list[Rung]:
    rungs = [_in_own_box(facts, name, fit) for name in _sorted(names or _USUAL_NAMES)]
    if names is not None:
        return rungs
    fitting = [rung for rung in rungs if not _is_enlarged(facts, rung.layout)]
    return fitting or rungs[:1]


def _in_own_box(facts: Facts, name: RungName, fit: FilmFit) -> Rung:
    box = _box_of(name)
    layout = plan_even_layout(facts, Resize(width=box.width, height=box.height, fit=fit))
    return Rung(name=name, layout=layout, rated_as=name)


def _in_box(facts: Facts, names: Sequence[RungName] | None, box: Resize) -> list[Rung]:
    layout = plan_even_layout(facts, box)
    size_name = name_size(layout.canvas)
    lower = [name for name in _USUAL_NAMES if _box_of(name).pixels < _box_of(size_name).pixels]
    ordered = _sorted(names or [*lower, size_name])
    layouts = [*(_shrink(layout, _box_of(name)) for name in ordered[:-1]), layout]
    return [
        Rung(name=name, layout=each, rated_as=name_size(each.canvas))
        for name, each in zip(ordered, layouts, strict=True)
    ]


def _shrink(layout: Layout, box: Size) -> Layout:
    """Make it fit into a box, both what is scaled and what is cut out of it or padded; it is never enlarged."""
    factor = min(box.width / layout.canvas.width, box.height / layout.canvas.height, 1.0)
    scaled, canvas = (
        round_to_even(Size(round(size.width * factor), round(size.height * factor)))
        for size in (layout.scaled, layout.canvas)
    )
    return Layout(scaled, canvas)


def _is_enlarged(facts: Facts, layout: Layout) -> bool:
    return layout.scaled.width > (facts.width or 0) or layout.scaled.height > (facts.height or 0)


def _box_of(name: RungName) -> Size:
    return Size(*RUNGS[name])


def _sorted(names: Sequence[RungName]) -> list[RungName]:
    return sorted(dict.fromkeys(names), key=RUNG_NAMES.index)
