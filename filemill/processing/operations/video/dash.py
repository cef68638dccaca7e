"""`video.dash`: a film in several renditions, for players that choose by the speed of the line (MPEG-DASH)."""

from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, InputsRule, Operation, RetryPolicy
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS
from filemill.processing.operations.ffmpeg.streaming import DASH, MANIFEST
from filemill.processing.operations.planning import Facts, Planned, PlannedOutput
from filemill.processing.operations.video.probing import probe
from filemill.processing.operations.video.stream_options import STREAM_DETAILS, StreamOptions
from filemill.processing.operations.video.stream_plan import estimate_stream, plan_stream
from filemill.processing.operations.video.streaming import describe_renditions, make_stream, measure_manifest
from filemill.processing.operations.video.watermarking import WATERMARK_TYPES

MANIFEST_TYPE: Final = "application/dash+xml"

DETAILS: Final = f"""
`manifest.mpd` is what a player opens. Renditions are numbered from 0, the largest first; the sound, one for all, comes
after them. With `single_file` each is one `stream-0.mp4`; otherwise `init-0.m4s` and `part-0-00001.m4s`. All names are
relative, so keep the files side by side.

{STREAM_DETAILS}

Long films are encoded in segments that outlive the worker: after a crash the next attempt goes on after the last whole
one, and the stream is what it would have been. What takes less than about 12 seconds is made in one go.

A task holds at most 1000 files. Long films need `single_file`, longer segments or fewer renditions; that is said before
any work is done.
"""


class DashOptions(StreamOptions):
    """Which renditions, and how they are cut and encoded."""


def make_dash(bench: Bench, options: DashOptions) -> dict[str, Any]:
    """Make the stream. Raises InputError `corrupt_file`; OptionsError `invalid_options`."""
    facts = probe(bench)
    stream = plan_stream(facts, options, "fmp4")
    watermark = options.find_watermark()
    stream, outputs = make_stream(bench, facts, stream, DASH, watermark=watermark, measure=measure_manifest)
    return {
        "manifest": MANIFEST,
        "renditions": describe_renditions(stream),
        "segment_duration": stream.segment_seconds,
        "files": len(outputs),
        "has_sound": stream.sound is not None,
    }


def plan(facts: Facts, options: DashOptions) -> Planned:
    """Foresee the manifest and its segments."""
    stream = plan_stream(facts, options, "fmp4")
    name, media_type = ("stream-{}.mp4", "video/mp4") if options.single_file else ("part-{}-*.m4s", "video/iso.segment")
    manifest = Facts(media_type=MANIFEST_TYPE, duration=stream.span.lasting_seconds)
    outputs = [PlannedOutput(name=MANIFEST, facts=manifest)]
    for number, rendition in enumerate(stream.renditions):
        size = rendition.layout.canvas
        part = Facts(media_type=media_type, width=size.width, height=size.height)
        outputs.append(PlannedOutput(name=name.format(number), facts=part))
    return Planned(outputs=tuple(outputs), cost=estimate_stream(facts, stream))


OPERATION: Final = Operation(
    name="video.dash",
    task_type="video",
    summary="A film in several renditions for adaptive streaming by MPEG-DASH.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=DashOptions,
    limits=FILM_LIMITS,
    retry=RetryPolicy(patience=3.0),
    run=make_dash,
    plan=plan,
    produces=lambda _media_type, _options: MANIFEST_TYPE,
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    inputs=InputsRule(least=0, most=1, media_types=WATERMARK_TYPES),
    samples=("clip.mp4",),
    examples=(
        Example(
            options={"renditions": ["240p"], "encoder_preset": "veryfast", "single_file": True},
            shows="One small rendition in a single file, made fast.",
        ),
        Example(options={}, shows="As many of 1080p, 720p, 480p and 360p as the film is large enough for."),
        Example(
            options={"renditions": ["240p"], "video_codec": "vp9", "audio_codec": "opus", "encoder_preset": "veryfast"},
            shows="One small rendition in VP9, with Opus for the sound.",
        ),
    ),
)
