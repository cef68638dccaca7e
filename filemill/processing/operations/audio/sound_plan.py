"""From what a sound is and what is asked for to what it becomes; pure. What can't be is an OptionsError."""

from collections.abc import Mapping
from typing import Any, Final

from filemill.processing.errors import OptionsError
from filemill.processing.input_limits import LEAST_SAMPLE_RATE
from filemill.processing.operations.audio.sound_options import SoundFormatOptions, SoundOptions
from filemill.processing.operations.ffmpeg.coding import CODEC_NAMES, COPY, SoundCoding
from filemill.processing.operations.ffmpeg.encoder_limits import refuse_sound_beyond
from filemill.processing.operations.ffmpeg.presets import SOUND_PRESETS, SoundFormat
from filemill.processing.operations.ffmpeg.sound import CODECS, Sound, is_copied_as
from filemill.processing.operations.ffmpeg.spans import Span, plan_span
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput

_LOSSLESS: Final = frozenset(("wav", "flac"))
_HIGHEST_RATES: Final[Mapping[SoundFormat, int]] = {"mp3": 48_000, "opus": 48_000}
_OPUS_RATES: Final = frozenset((8_000, 12_000, 16_000, 24_000, 48_000))
_SECONDS_PER_SECOND: Final = 1 / 60


def plan_sound(facts: Facts, options: SoundOptions, *, usual: SoundFormat | None) -> Sound:
    """Work out what the sound becomes; with no `usual` format, it is kept as it is where nothing asks for a change."""
    refuse_missing_track(facts, options.track)
    span = plan_span(options.start, options.end, options.duration, duration_seconds=facts.duration)
    wanted = choose_format(options)
    if wanted is None and usual is None and (kept := _find_copy(facts, options, span)) is not None:
        return Sound(format=kept, coding=COPY, span=span, track=options.track, keeps_tags=options.keep_tags)
    return Sound(
        format=wanted or usual or "m4a",
        coding=plan_coding(facts, options, wanted or usual or "m4a"),
        span=span,
        track=options.track,
        keeps_tags=options.keep_tags,
    )


def choose_format(options: SoundFormatOptions) -> SoundFormat | None:
    """Choose the format that was asked for, if any."""
    return options.format or (SOUND_PRESETS[options.preset].format if options.preset else None)


def plan_coding(facts: Facts, options: SoundFormatOptions, wanted: SoundFormat) -> SoundCoding:
    """Work out how sound is encoded into a format; raises OptionsError for a rate that it does not know."""
    preset = SOUND_PRESETS[options.preset] if options.preset else None
    usual_bits = preset.bits_per_second if preset and preset.format == wanted else None
    rate = options.sample_rate
    if rate is not None and (rate > _HIGHEST_RATES.get(wanted, rate) or (wanted == "opus" and rate not in _OPUS_RATES)):
        message = f"{wanted} does not know a sample rate of {rate}; leave it out, or ask for 48000."
        raise OptionsError(message, code="invalid_options")
    coding = SoundCoding(
        codec=CODECS[wanted],
        bits_per_second=options.audio_bitrate or usual_bits,
        channels=options.channels or _limit_channels(facts, wanted),
        sample_rate=rate,
    )
    refuse_sound_beyond(coding, source_channels=_count_channels(facts))
    return coding


def _limit_channels(facts: Facts, wanted: SoundFormat) -> int | None:
    channels = _count_channels(facts)
    return 2 if channels and channels > 2 and wanted not in _LOSSLESS else None


def _count_channels(facts: Facts) -> int | None:
    return facts.more.get("channels") or facts.more.get("audio_channels")


def refuse_missing_track(facts: Facts, track: int) -> None:
    """Raise OptionsError when there is no such track of sound, or one that is not for ears."""
    tracks = facts.sound_tracks
    if track and track >= len(tracks):
        message = f"track is {track}; the file has {len(tracks)} of sound, counted from 0."
        raise OptionsError(message, code="invalid_options")
    rate = tracks[track].get("sample_rate") if track else None
    if rate and rate < LEAST_SAMPLE_RATE:
        message = f"track is {track}, which has a sample rate of {rate} Hz; it must have {LEAST_SAMPLE_RATE} or more."
        raise OptionsError(message, code="invalid_options")


def _find_copy(facts: Facts, options: SoundOptions, span: Span) -> SoundFormat | None:
    """Find the format that holds the sound as it is, unless something asks for a change."""
    changes = (options.audio_bitrate, options.sample_rate, options.channels)
    if any(change is not None for change in changes) or span.start_seconds or not span.is_whole:
        return None
    tracks = facts.sound_tracks
    codec = tracks[options.track]["codec"] if options.track < len(tracks) else facts.more.get("audio_codec")
    return is_copied_as(codec)


def foresee_sound(facts: Facts, sound: Sound) -> Planned:
    """Foresee the sound and what it costs."""
    coding = sound.coding
    more: dict[str, Any] = {"audio_codec": facts.more.get("audio_codec")}
    if isinstance(coding, SoundCoding):
        more = {"audio_codec": CODEC_NAMES.get(coding.codec, coding.codec)}
    lasting = sound.span.lasting_seconds
    foreseen = Facts(media_type=sound.media_type, duration=lasting, more=more)
    cost = Cost(cpu_seconds=0.2 + (lasting or 60.0) * _SECONDS_PER_SECOND, memory_bytes=64 * 1024**2)
    return Planned(outputs=(PlannedOutput(name=f"*.{sound.ending}", facts=foreseen),), cost=cost)
