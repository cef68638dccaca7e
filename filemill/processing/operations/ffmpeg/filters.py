"""Filters, made of numbers alone: laying out a picture, setting a rate, laying a picture over another."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from filemill.processing.operations.sizing import Layout, Size


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """A picture that lies over the film: its size, where its upper left corner is, and when it is shown."""

    size: Size
    left: int
    top: int
    from_seconds: float | None = None
    to_seconds: float | None = None


def lay_out(layout: Layout, pixel_format: str, *, fps: Fraction | None = None) -> list[str]:
    """Steps that scale, cut or pad, and set the rate: the rate first, since frames that are dropped need no scaling."""
    scaled, canvas = layout.scaled, layout.canvas
    steps = [f"fps={fps.numerator}/{fps.denominator}"] if fps else []
    steps += [f"scale={scaled.width}:{scaled.height}", "setsar=1"]
    if scaled != canvas:
        steps.append(_fit_canvas(scaled, canvas))
    return [*steps, f"format={pixel_format}"]


def from_moment(seconds: float) -> str:
    """A step that passes only what comes at a moment or later; the margin is for times that are rounded."""
    return f"select=gte(t\\,{max(0.0, seconds - 1e-6):.6f})"


def chain(steps: list[str]) -> list[str]:
    """Arguments of one chain over the only film."""
    return ["-vf", ",".join(steps)]


def chain_under(
    steps: list[str], overlay: Overlay, *, picture: int = 1, result: str = "film", last: Sequence[str] = ()
) -> list[str]:
    """Arguments of one chain over the film, with the picture of an input laid over its end; `last` comes after it."""
    graph = draw_over(steps, overlay, picture=picture, result=result, last=last)
    return ["-filter_complex_threads", "1", "-filter_complex", graph]


def draw_over(
    steps: list[str],
    overlay: Overlay,
    *,
    source: str = "0:V:0",
    picture: int,
    result: str,
    last: Sequence[str] = (),
) -> str:
    """A graph that leads a source through steps, and lays the picture of an input over what comes of them."""
    shown = ""
    if overlay.from_seconds is not None or overlay.to_seconds is not None:
        begin, end = overlay.from_seconds or 0.0, overlay.to_seconds if overlay.to_seconds is not None else 1e9
        shown = f":enable=between(t\\,{begin:.3f}\\,{end:.3f})"
    laid = f"overlay={overlay.left}:{overlay.top}:eof_action=repeat{shown}"
    below = f"below{picture}"
    drawn = ",".join([laid, "format=yuv420p", *last])
    return f"[{source}]{','.join(steps)}[{below}];[{below}][{picture}:v:0]{drawn}[{result}]"


def _fit_canvas(scaled: Size, canvas: Size) -> str:
    if scaled.width >= canvas.width and scaled.height >= canvas.height:
        return f"crop={canvas.width}:{canvas.height}"
    return f"pad={canvas.width}:{canvas.height}:-1:-1:black"
