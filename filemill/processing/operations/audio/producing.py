"""Producing a sound at the bench, and believing only what can be read again."""

from typing import Any, Final

from filemill.processing.bench import Bench, Limits
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.progress import Clock
from filemill.processing.operations.ffmpeg.running import check_sound, tell_share
from filemill.processing.operations.ffmpeg.sound import Sound, ask_for_sound
from filemill.processing.operations.naming import name_stem

SOUND_LIMITS: Final = Limits(memory_bytes=1024**3, cpu_seconds=2 * 3600, wall_seconds=3600.0, output_bytes=8 * 1024**3)


def name_sound(file_name: str, sound: Sound) -> str:
    """Name the sound after its source."""
    return f"{name_stem(file_name, fallback='audio')}.{sound.ending}"


def produce_sound(
    bench: Bench, sound: Sound, *, share: tuple[float, float], filters: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Make the sound and give the facts of it; what can't be read again afterwards is an error."""
    begin, end = share
    checked = end - (end - begin) * 0.05
    output = bench.create_output(name_sound(bench.file_name, sound), sound.media_type)
    tell = tell_share(bench, (begin, checked), "Encoding the sound")
    ended = bench.run_tool(
        "ffmpeg",
        ask_for_sound(bench.media_type, sound, filters=filters),
        outputs=[output],
        on_line=Clock(sound.span.lasting_seconds, tell).read_line,
        limits=SOUND_LIMITS,
    )
    failures.raise_failure(ended)
    made = check_sound(bench, output, share=(checked, end))
    expected = sound.span.lasting_seconds
    if error := failures.explain_shortfall(ended, expected_seconds=expected, actual_seconds=made["duration"]):
        raise error
    return {"name": output.name, "format": sound.format, **output.facts}
