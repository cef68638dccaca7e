"""Producing a sound at the bench, and believing only what can be read again."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from filemill.processing.bench import Bench, Input, Limits, Output, ToolExit
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.progress import Clock
from filemill.processing.operations.ffmpeg.running import check_sound, tell_share
from filemill.processing.operations.ffmpeg.sound import Sound, ask_for_sound
from filemill.processing.operations.naming import name_stem

SOUND_LIMITS: Final = Limits(memory_bytes=1024**3, cpu_seconds=2 * 3600, wall_seconds=3600.0, output_bytes=8 * 1024**3)


def name_sound(file_name: str, sound: Sound) -> str:
    """Name the sound after its source."""
    return f"{name_stem(file_name, fallback='audio')}.{sound.ending}"


def write_sound(
    bench: Bench,
    sound: Sound,
    ask: Callable[[Sound], list[str]],
    *,
    tell: Callable[[float, float | None], None],
    inputs: Sequence[Input] = (),
) -> tuple[Output, ToolExit]:
    """Run FFmpeg as `ask` says; where tags left too little room for the index, once more with the index at the end."""
    output, ended = _try_sound(bench, sound, ask(sound), tell=tell, inputs=inputs)
    if failures.is_index_too_small(ended):
        bench.discard(output)
        late = replace(sound, puts_index_first=False)
        output, ended = _try_sound(bench, late, ask(late), tell=tell, inputs=inputs)
    failures.raise_failure(ended)
    return output, ended


def _try_sound(
    bench: Bench,
    sound: Sound,
    arguments: list[str],
    *,
    tell: Callable[[float, float | None], None],
    inputs: Sequence[Input],
) -> tuple[Output, ToolExit]:
    output = bench.create_output(name_sound(bench.file_name, sound), sound.media_type)
    ended = bench.run_tool(
        "ffmpeg",
        arguments,
        outputs=[output],
        inputs=inputs,
        on_line=Clock(sound.span.lasting_seconds, tell).read_line,
        limits=SOUND_LIMITS,
    )
    return output, ended


def produce_sound(
    bench: Bench, sound: Sound, *, share: tuple[float, float], filters: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Make the sound and give the facts of it; what can't be read again afterwards is an error."""
    begin, end = share
    checked = end - (end - begin) * 0.05
    tell = tell_share(bench, (begin, checked), "Encoding the sound")
    output, ended = write_sound(
        bench, sound, lambda wanted: ask_for_sound(bench.media_type, wanted, filters=filters), tell=tell
    )
    made = check_sound(bench, output, share=(checked, end))
    expected = sound.span.lasting_seconds
    if error := failures.explain_shortfall(ended, expected_seconds=expected, actual_seconds=made["duration"]):
        raise error
    return {"name": output.name, "format": sound.format, **output.facts}
