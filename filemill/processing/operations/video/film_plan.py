"""From what a film is and what is asked for to what it becomes; pure. What can't be is an OptionsError."""

from typing import Final

from filemill.processing.errors import OptionsError
from filemill.processing.operations.ffmpeg.coding import (
    COPY,
    DEFAULT_PRESET,
    HIGHEST_CRF,
    AudioCodec,
    Copied,
    PictureCoding,
    SoundCoding,
    VideoCodec,
    to_crf,
)
from filemill.processing.operations.ffmpeg.encoder_limits import (
    LEAST_MP3_RATE_IN_MP4,
    refuse_picture_beyond,
    refuse_sound_beyond,
)
from filemill.processing.operations.ffmpeg.film import Film, estimate_index_bytes
from filemill.processing.operations.ffmpeg.presets import FILM_PRESETS, FilmFormat, FilmPreset
from filemill.processing.operations.ffmpeg.rates import to_fraction
from filemill.processing.operations.ffmpeg.spans import plan_span
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.quality import to_percent
from filemill.processing.operations.sizing import Layout, Resize, Size, plan_layout, round_to_even
from filemill.processing.operations.video.film_options import EncodingOptions, FilmOptions, SizeOptions
from filemill.processing.operations.video.probing import MAX_FRAME_PIXELS

_ENCODED_INTO: Final = {"mp4": frozenset(("h264", "h265", "av1", "vp9")), "webm": frozenset(("vp9", "av1"))}
_SOUND_INTO: Final = {"mp4": frozenset(("aac", "opus", "mp3")), "webm": frozenset(("opus",))}
_COPIED_INTO: Final = {
    "mp4": frozenset(("h264", "hevc", "av1", "vp9", "mpeg4", "aac", "mp3", "opus", "ac3", "eac3", "alac", "flac")),
    "webm": frozenset(("vp8", "vp9", "av1", "opus", "vorbis")),
}
_USUAL_CODEC: Final[dict[FilmFormat, VideoCodec]] = {"mp4": "h264", "webm": "vp9"}
_USUAL_SOUND: Final[dict[FilmFormat, AudioCodec]] = {"mp4": "aac", "webm": "opus"}
_USUAL_SAMPLE_RATE: Final = 48_000
_CHANGES_THE_PICTURE: Final = ("resize", "width", "height", "quality", "crf", "encoder_preset", "video_bitrate", "fps")


def plan_film(facts: Facts, options: FilmOptions) -> Film:
    """Work out what the film becomes."""
    preset = FILM_PRESETS[options.preset] if options.preset else None
    container = choose_container(facts.media_type, options)
    span = plan_span(options.start, options.end, options.duration, duration_seconds=facts.duration)
    picture = _plan_picture(facts, options, preset, container)
    layout = _plan_layout(facts, options, preset if picture != COPY else None)
    if isinstance(picture, PictureCoding):
        refuse_picture_beyond(picture, layout.canvas)
    return Film(
        container=container,
        picture=picture,
        sound=_plan_sound(facts, options, preset, container),
        layout=layout,
        span=span,
        fps=to_fraction(options.fps) if options.fps else None,
        index_bytes=estimate_index_bytes(span.lasting_seconds, options.fps or facts.fps),
    )


def choose_box(options: SizeOptions, resize: Resize | None = None) -> Resize | None:
    """Read the box from `width`, `height` and `fit`, or from `resize`; raises OptionsError when both are given.

    A fit that stands beside `resize` goes before its own.
    """
    if options.width is None and options.height is None:
        is_said = resize is not None and "fit" in options.model_fields_set
        return resize.model_copy(update={"fit": options.fit}) if resize is not None and is_said else resize
    if resize is not None:
        raise OptionsError("Give either resize or width and height: both name the size.", code="invalid_options")
    return Resize(width=options.width, height=options.height, fit=options.fit)


def plan_even_layout(facts: Facts, box: Resize | None) -> Layout:
    """Lay the film out in a box, with the even sides that 4:2:0 pictures need."""
    source = Size(facts.width or 0, facts.height or 0)
    planned = plan_layout(source, box)
    if max(planned.scaled.pixels, planned.canvas.pixels) > MAX_FRAME_PIXELS:
        raise OptionsError(
            f"The size asked for gives {planned.canvas.width} x {planned.canvas.height} pixels by way of "
            f"{planned.scaled.width} x {planned.scaled.height}; a video may have {MAX_FRAME_PIXELS:,} in all.",
            code="invalid_options",
        )
    return Layout(round_to_even(planned.scaled), round_to_even(planned.canvas))


def _plan_layout(facts: Facts, options: FilmOptions, preset: FilmPreset | None) -> Layout:
    box = choose_box(options, options.resize)
    if box is None and preset is not None:
        box = Resize(width=preset.width, height=preset.height, fit=options.fit)
    return plan_even_layout(facts, box)


def choose_container(media_type: str, options: FilmOptions) -> FilmFormat:
    """Choose MP4 or WebM: as is said, as the preset or codec asks, or as the source is."""
    if options.format:
        return options.format
    if options.preset:
        return FILM_PRESETS[options.preset].format
    if options.video_codec in ("vp9", "h264", "h265"):
        return "webm" if options.video_codec == "vp9" else "mp4"
    return "webm" if media_type == "video/webm" else "mp4"


def _plan_picture(
    facts: Facts, options: FilmOptions, preset: FilmPreset | None, container: FilmFormat
) -> PictureCoding | Copied:
    if options.video_codec == COPY:
        refuse_changes_to_a_copy(options)
        _refuse_foreign(facts.more.get("video_codec"), "video", container)
        return COPY
    codec = options.video_codec or (preset.video_codec if preset else _USUAL_CODEC[container])
    if options.video_codec is None and codec not in _ENCODED_INTO[container]:
        codec = _USUAL_CODEC[container]
    if codec not in _ENCODED_INTO[container]:
        raise _misfit(codec, container, sorted(_ENCODED_INTO[container]))
    refuse_crf_beyond(codec, options.crf)
    return PictureCoding(
        codec=codec,
        preset=options.encoder_preset or DEFAULT_PRESET,
        crf=_choose_crf(codec, options),
        bits_per_second=options.video_bitrate,
    )


def _choose_crf(codec: VideoCodec, options: FilmOptions) -> int | None:
    if options.crf is not None:
        return options.crf
    if options.video_bitrate is not None and options.quality is None:
        return None
    return to_crf(codec, to_percent(options.quality or "medium"))


def _plan_sound(
    facts: Facts, options: FilmOptions, preset: FilmPreset | None, container: FilmFormat
) -> SoundCoding | Copied | None:
    channels = facts.more.get("audio_channels")
    if options.mute or not channels:
        return None
    if options.audio_codec == COPY:
        refuse_rate_of_a_copy(options)
        _refuse_foreign(facts.more.get("audio_codec"), "audio", container)
        if container == "mp4":
            refuse_low_mp3(facts)
        return COPY
    codec = options.audio_codec or (preset.audio_codec if preset else _USUAL_SOUND[container])
    if options.audio_codec is None and codec not in _SOUND_INTO[container]:
        codec = _USUAL_SOUND[container]
    if codec not in _SOUND_INTO[container]:
        raise _misfit(codec, container, sorted(_SOUND_INTO[container]))
    return plan_sound_coding(facts, codec, options.audio_bitrate, channels)


def plan_sound_coding(facts: Facts, codec: AudioCodec, bits_per_second: int | None, channels: int) -> SoundCoding:
    """Work out how a film's sound is encoded, in one or two channels."""
    is_low = codec == "mp3" and _find_sample_rate(facts) < LEAST_MP3_RATE_IN_MP4
    coding = SoundCoding(
        codec=codec,
        bits_per_second=bits_per_second,
        channels=min(2, channels),
        sample_rate=LEAST_MP3_RATE_IN_MP4 if is_low else None,
    )
    refuse_sound_beyond(coding, source_channels=channels)
    return coding


def refuse_low_mp3(facts: Facts) -> None:
    """Refuse to copy an MP3 into an MP4 that can't hold its sample rate."""
    rate = _find_sample_rate(facts)
    if facts.more.get("audio_codec") == "mp3" and rate < LEAST_MP3_RATE_IN_MP4:
        message = f"The audio is an MP3 of {rate} Hz, and in MP4 it has {LEAST_MP3_RATE_IN_MP4} or more; leave out "
        raise OptionsError(f"{message}audio_codec to encode it.", code="invalid_options")


def _find_sample_rate(facts: Facts) -> int:
    """Find that of the first sound; where nothing tells of it, it is one that everything takes."""
    rates = (track.get("sample_rate") for track in facts.sound_tracks)
    return next(rates, None) or _USUAL_SAMPLE_RATE


def refuse_changes_to_a_copy(options: EncodingOptions) -> None:
    """Refuse every option that a picture which is copied can't follow."""
    changing = [name for name in _CHANGES_THE_PICTURE if getattr(options, name, None) is not None]
    if changing:
        message = f"video_codec copy leaves the picture as it is, so {', '.join(changing)} can't be had with it."
        raise OptionsError(message, code="invalid_options")


def refuse_rate_of_a_copy(options: EncodingOptions) -> None:
    """Refuse a bit rate for sound that is copied."""
    if options.audio_bitrate is not None:
        message = "audio_codec copy leaves the sound as it is, so audio_bitrate can't be had with it."
        raise OptionsError(message, code="invalid_options")


def refuse_crf_beyond(codec: VideoCodec, crf: int | None) -> None:
    """Refuse a constant quality that the codec's encoder does not know."""
    if crf is not None and crf > HIGHEST_CRF[codec]:
        raise OptionsError(f"crf is {crf}; for {codec} it goes to {HIGHEST_CRF[codec]}.", code="invalid_options")


def _refuse_foreign(codec: str | None, kind: str, container: FilmFormat) -> None:
    if codec not in _COPIED_INTO[container]:
        message = f"The {kind} is {codec}, which can't be copied into {container}; leave out {kind}_codec to encode it."
        raise OptionsError(message, code="invalid_options")


def _misfit(codec: str, container: FilmFormat, valid: list[str]) -> OptionsError:
    return OptionsError(f"{container} does not hold {codec}; it holds {', '.join(valid)}.", code="invalid_options")
