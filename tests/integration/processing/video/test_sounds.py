"""Operations on sound, and on the sound of films, read back by PyAV and Pillow."""

import json
import re
import subprocess
import wave
from itertools import pairwise
from pathlib import Path

import av
import pytest
from PIL import Image

from filemill.processing.errors import InputError, OptionsError
from filemill.processing.input_limits import InputLimits
from tests.integration.processing.video.clips import FFMPEG, make_clip, make_sound, run_ffmpeg
from tests.integration.processing.video.conftest import Make
from tests.integration.processing.video.reading import read_back, read_samples


@pytest.mark.parametrize(
    ("wanted", "codec", "ending"),
    [
        ("mp3", "mp3", "mp3"),
        ("m4a", "aac", "m4a"),
        ("aac", "aac", "aac"),
        ("opus", "opus", "ogg"),
        ("wav", "pcm_s16le", "wav"),
        ("flac", "flac", "flac"),
    ],
)
def test_sound_becomes_every_format(make: Make, tone: Path, wanted: str, codec: str, ending: str) -> None:
    made = make("audio.encode", tone, format=wanted)
    read = read_back(made.path(f"tone.{ending}"))
    assert (read.audio_codec, read.channels, read.width) == (codec, 2, None)
    assert read.samples / (read.sample_rate or 1) == pytest.approx(3.0, abs=0.08)
    assert made.result["output"]["duration"] == pytest.approx(3.0, abs=0.1)
    assert made.planned.outputs[0].facts.media_type == made.outputs[f"tone.{ending}"].media_type
    assert made.percents == sorted(made.percents)


def test_lossless_formats_lose_nothing(make: Make, tone: Path) -> None:
    original = read_samples(tone, rate=44100)
    for wanted in ("wav", "flac"):
        assert read_samples(make("audio.encode", tone, format=wanted).path(f"tone.{wanted}"), rate=44100) == original


@pytest.mark.parametrize("name", ["a.mp3", "a.m4a", "a.aac", "a.ogg", "a.opus", "a.wav", "a.flac"])
def test_every_kind_of_sound_is_read(make: Make, tmp_path: Path, name: str) -> None:
    coding = ("-c:a", "libvorbis") if name == "a.ogg" else ()
    sound = make_sound(tmp_path / name, *coding, seconds=1.5)
    told = make("audio.describe", sound).result
    assert told["duration"] == pytest.approx(1.5, abs=0.08)
    assert (told["channels"], told["channel_layout"]) == (2, None if name == "a.wav" else "stereo")
    assert read_back(make("audio.encode", sound).path("a.mp3")).audio_codec == "mp3"


def test_rate_channels_and_part_are_what_was_asked_for(make: Make, tone: Path) -> None:
    made = make("audio.encode", tone, format="wav", sample_rate=16000, channels=1, start=1, duration=0.5)
    read = read_back(made.path("tone.wav"))
    assert (read.sample_rate, read.channels, read.samples) == (16000, 1, 8000)
    original = read_samples(tone, rate=16000)[16000:24000]
    part = read_samples(made.path("tone.wav"), rate=16000)
    assert sum(abs(one - other) for one, other in zip(original, part, strict=True)) / 8000 < 300


def test_a_bit_rate_is_kept_to(make: Make, tmp_path: Path) -> None:
    sound = make_sound(tmp_path / "long.wav", seconds=10)
    sizes = [
        make("audio.encode", sound, format="mp3", audio_bitrate=bits).path("long.mp3").stat().st_size
        for bits in ("64k", "256k")
    ]
    assert sizes == pytest.approx([80_000, 320_000], rel=0.05)


def test_tags_are_kept_unless_told_otherwise(make: Make, tmp_path: Path) -> None:
    sound = make_sound(tmp_path / "song.flac", "-metadata", "title=Das Mühlenrad ⚙", "-metadata", "artist=x", seconds=1)
    assert make("audio.describe", sound).result["tags"]["title"] == "Das Mühlenrad ⚙"
    with av.open(str(make("audio.encode", sound).path("song.mp3"))) as kept:
        assert kept.metadata["title"] == "Das Mühlenrad ⚙"
    with av.open(str(make("audio.encode", sound, keep_tags=False).path("song.mp3"))) as dropped:
        assert "title" not in dropped.metadata


def test_sound_of_six_channels_becomes_stereo_where_something_is_lost(make: Make, tmp_path: Path) -> None:
    surround = make_sound(tmp_path / "surround.wav", seconds=1, channels=6)
    assert read_back(make("audio.encode", surround).path("surround.mp3")).channels == 2
    assert read_back(make("audio.encode", surround, format="flac").path("surround.flac")).channels == 6


@pytest.mark.parametrize(
    ("options", "name", "codec", "is_copy"),
    [
        ({}, "clip.m4a", "aac", True),
        ({"preset": "audio/mp3"}, "clip.mp3", "mp3", False),
        ({"format": "opus", "start": "50%"}, "clip.ogg", "opus", False),
        ({"channels": 1}, "clip.m4a", "aac", False),
    ],
)
def test_the_sound_of_a_film_is_taken(
    make: Make, clip: Path, options: dict[str, object], name: str, codec: str, *, is_copy: bool
) -> None:
    made = make("audio.extract", clip, **options)
    assert made.result["is_copy"] == is_copy
    read = read_back(made.path(name))
    assert (read.audio_codec, read.frames) == (codec, 0)
    assert read.samples / (read.sample_rate or 1) == pytest.approx(2.0 if "start" in options else 4.0, abs=0.1)
    if is_copy:
        assert read_samples(made.path(name)) == read_samples(clip)


@pytest.mark.parametrize(("track", "pitch"), [(0, 440), (1, 880)])
def test_the_track_asked_for_is_taken(make: Make, tmp_path: Path, track: int, pitch: int) -> None:
    film = tmp_path / "two.mkv"
    sources = [word for hertz in (440, 880) for word in ("-f", "lavfi", "-i", f"sine=frequency={hertz}:duration=1")]
    picture = ("-f", "lavfi", "-i", "color=size=32x32:rate=5:duration=1")
    run_ffmpeg(*picture, *sources, *(word for n in range(3) for word in ("-map", str(n))), "-c:a", "flac", str(film))
    made = make("audio.extract", film, track=track)
    samples = read_samples(made.path("two.flac"))
    crossings = sum(1 for one, other in pairwise(samples) if (one < 0) != (other < 0))
    assert crossings / 2 == pytest.approx(pitch, rel=0.03)
    with pytest.raises(OptionsError, match="the file has 2 of sound"):
        make("audio.extract", film, track=2)


def test_a_film_without_sound_has_none_to_take(make: Make, silent_clip: Path, cage: object) -> None:
    with pytest.raises(InputError, match="holds no sound") as caught:
        make("audio.waveform", silent_clip)
    assert caught.value.code == "unsupported_format"


def measure(path: Path) -> tuple[float, float]:
    """Integrated loudness and true peak, by FFmpeg's other filter for them."""
    asked = [FFMPEG, "-nostdin", "-hide_banner", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stderr
    summary = said[said.rindex("Summary:") :]
    loudness, peak = re.search(r"I:\s+(\S+) LUFS", summary), re.search(r"Peak:\s+(\S+) dBFS", summary)
    assert loudness, said
    assert peak, said
    return float(loudness[1]), float(peak[1])


def measure_range(path: Path) -> float:
    """The range of loudness, by FFmpeg's other filter for it."""
    asked = [FFMPEG, "-nostdin", "-hide_banner", "-i", str(path), "-af", "ebur128", "-f", "null", "-"]
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stderr
    found = re.search(r"LRA:\s+(\S+) LU\n", said[said.rindex("Summary:") :])
    assert found, said
    return float(found[1])


def test_a_range_of_loudness_is_narrowed_where_it_is_wider_than_asked_for(make: Make, tmp_path: Path) -> None:
    sound = tmp_path / "waves.wav"
    swelling = "aevalsrc=if(lt(mod(t\\,16)\\,8)\\,0.12\\,0.3)*sin(2*PI*440*t):sample_rate=44100:duration=48"
    run_ffmpeg("-f", "lavfi", "-i", swelling, str(sound))
    before = measure_range(sound)
    assert before > 6
    left, narrowed = (
        measure_range(make("audio.normalize", sound, loudness=-23, loudness_range=most).path("waves.wav"))
        for most in (12, 3)
    )
    assert left == pytest.approx(before, abs=0.3)
    assert narrowed == pytest.approx(3, abs=1.5)


@pytest.mark.parametrize(("volume", "wanted"), [(0.02, -16), (0.9, -23)])
def test_sound_is_brought_to_the_loudness_wanted(make: Make, tmp_path: Path, volume: float, wanted: float) -> None:
    sound = make_sound(tmp_path / "sound.wav", seconds=6, volume=volume)
    before, _ = measure(sound)
    made = make("audio.normalize", sound, loudness=wanted, true_peak=-1)
    after, peak = measure(made.path("sound.wav"))
    assert made.result["measured"]["loudness"] == pytest.approx(before, abs=0.3)
    assert after == pytest.approx(wanted, abs=0.5)
    assert peak <= -0.9
    read = read_back(made.path("sound.wav"))
    assert read.sample_rate == 44100
    assert read.samples == pytest.approx(6 * 44100, abs=200)


def test_silence_stays_silence(make: Make, tmp_path: Path) -> None:
    silence = make_sound(tmp_path / "silence.flac", seconds=2, volume=0)
    made = make("audio.normalize", silence)
    assert (made.result["is_silent"], made.result["measured"]) == (True, None)
    assert set(read_samples(made.path("silence.flac"))) == {0}


def test_a_waveform_follows_the_sound(make: Make, tmp_path: Path) -> None:
    sound = tmp_path / "steps.wav"
    graph = "aevalsrc=if(lt(t\\,1)\\,0.8\\,0.2)*sin(2*PI*200*t):sample_rate=44100:duration=2"
    run_ffmpeg("-f", "lavfi", "-i", graph, str(sound))
    told = json.loads(make("audio.waveform", sound, format="json", points=20, bits=16).path("steps.json").read_text())
    assert (told["version"], told["length"], told["channels"], told["bits"]) == (2, 20, 1, 16)
    assert told["samples_per_pixel"] == pytest.approx(2 * told["sample_rate"] / 20, rel=0.01)
    highs = told["data"][1::2]
    assert highs[:9] == pytest.approx([0.8 * 32767] * 9, rel=0.03)
    assert highs[11:] == pytest.approx([0.2 * 32767] * 9, rel=0.06)
    assert told["data"][0::2][:9] == pytest.approx([-0.8 * 32767] * 9, rel=0.03)

    made = make("audio.waveform", sound, width=100, height=50, color="#ff0000")
    with Image.open(made.path("steps.png")) as drawn:
        assert (drawn.format, drawn.size, drawn.mode) == ("PNG", (100, 50), "RGBA")
        lit = [sum(drawn.getpixel((x, y))[3] > 0 for y in range(50)) for x in (20, 80)]  # type: ignore[index]
        assert lit == pytest.approx([40, 10], abs=3)
        assert drawn.getpixel((20, 25)) == (255, 0, 0, 255)
        assert drawn.getpixel((20, 0)) == (255, 0, 0, 0)
    made = make("audio.waveform", sound, width=100, height=50, background="#ffffff")
    with Image.open(made.path("steps.png")) as drawn:
        assert (drawn.mode, drawn.getpixel((50, 0))) == ("RGB", (255, 255, 255))


def test_eight_bits_and_a_very_short_sound(make: Make, tmp_path: Path) -> None:
    blip = make_sound(tmp_path / "blip.wav", seconds=0.01)
    told = json.loads(make("audio.waveform", blip, format="json").path("blip.json").read_text())
    assert told["length"] <= 80
    assert all(-128 <= value <= 127 for value in told["data"])


def test_sounds_follow_each_other_whatever_they_are(make: Make, tone: Path, clip: Path, tmp_path: Path) -> None:
    mono = make_sound(tmp_path / "mono.mp3", "-ar", "22050", seconds=2, channels=1)
    made = make("audio.concat", tone, inputs=[mono, clip], format="flac")
    read = read_back(made.path("tone.flac"))
    assert (read.channels, read.sample_rate) == (2, 44100)
    assert read.samples / 44100 == pytest.approx(9.0, abs=0.15)
    assert [part["duration"] for part in made.result["parts"]] == pytest.approx([3.0, 2.0, 4.0], abs=0.1)
    limits = InputLimits(max_duration_seconds=5)
    with pytest.raises(InputError, match="together") as caught:
        make("audio.concat", tone, inputs=[clip], input_limits=limits)
    assert caught.value.code == "too_long"


@pytest.mark.parametrize(
    ("rate", "layout", "coding"),
    [
        ("44100", "stereo", ()),
        ("22050", "mono", ()),
        ("96000", "stereo", ("-c:a", "pcm_s24le")),
        ("48000", "5.1", ()),
        ("48000", "5.1(side)", ()),
        ("48000", "quad", ()),
        ("48000", "3.0", ()),
        ("48000", "6.1(back)", ()),
    ],
)
def test_sounds_that_are_alike_follow_each_other_sample_for_sample(
    make: Make, tmp_path: Path, rate: str, layout: str, coding: tuple[str, ...]
) -> None:
    parts = []
    for name, seconds in (("one", 1.5), ("two", 0.7)):
        parts.append(tmp_path / f"{name}.wav")
        tones = f"anoisesrc=sample_rate={rate}:duration={seconds},aformat=channel_layouts={layout}"
        run_ffmpeg("-f", "lavfi", "-i", tones, *coding, "-channel_layout", layout, str(parts[-1]))
    made = make("audio.concat", parts[0], inputs=parts[1:], format="flac")
    assert read_raw(made.path("one.flac")) == read_raw(parts[0]) + read_raw(parts[1])
    assert str(read_back(made.path("one.flac")).sample_rate) == rate


def test_a_header_s_wild_sample_rate_is_not_that_of_all(make: Make, tone: Path, tmp_path: Path) -> None:
    wild = make_sound(tmp_path / "wild.wav", seconds=0.5)
    content = bytearray(wild.read_bytes())
    content[24:28] = (10_000_000).to_bytes(4, "little")
    wild.write_bytes(content)
    made = make("audio.concat", tone, inputs=[wild], format="wav")
    assert read_back(made.path("tone.wav")).sample_rate == 192_000


def read_raw(path: Path) -> bytes:
    """Decode a sound to samples of 32 bits, its channels and rate as they are."""
    asked = [FFMPEG, "-loglevel", "error", "-i", str(path), "-f", "s32le", "-"]
    return subprocess.run(asked, check=True, capture_output=True).stdout


@pytest.mark.parametrize(
    ("parts", "options", "expected"),
    [
        ([("8000", 1), ("22050", 1)], {"format": "mp3"}, (1, 22050)),
        ([("44100", 1), ("22050", 2)], {"format": "wav"}, (2, 44100)),
        ([("48000", 6), ("48000", 6)], {"format": "mp3"}, (2, 48000)),
        ([("48000", 6), ("48000", 2)], {"format": "flac"}, (2, 48000)),
        ([("96000", 2), ("44100", 2)], {"format": "mp3"}, (2, 48000)),
        ([("44100", 2), ("44100", 2)], {"format": "opus"}, (2, 48000)),
        ([("37800", 2), ("37800", 2)], {"format": "mp3"}, (2, 32000)),
        ([("44100", 2), ("44100", 2)], {"format": "wav", "channels": 1, "sample_rate": 16000}, (1, 16000)),
    ],
)
def test_sounds_together_have_the_highest_rate_and_the_channels_of_all(
    make: Make,
    tmp_path: Path,
    parts: list[tuple[str, int]],
    options: dict[str, object],
    expected: tuple[int, int],
) -> None:
    first, second = (
        make_sound(tmp_path / f"part-{number}.wav", "-ar", rate, seconds=1, channels=channels)
        for number, (rate, channels) in enumerate(parts)
    )
    made = make("audio.concat", first, inputs=[second], **options)
    read = read_back(next(iter(made.outputs.values())).path)
    assert (read.channels, read.sample_rate) == expected


@pytest.mark.parametrize("operation", ["audio.encode", "audio.normalize", "audio.waveform"])
def test_junk_behind_a_good_beginning_is_corrupt(make: Make, tmp_path: Path, operation: str) -> None:
    sound = make_sound(tmp_path / "spoilt.flac", seconds=20)
    content = bytearray(sound.read_bytes())
    content[20_000:] = b"\x5a" * (len(content) - 20_000)
    sound.write_bytes(content)
    with pytest.raises(InputError) as caught:
        make(operation, sound)
    assert caught.value.code == "corrupt_file"


def test_tags_of_any_length_fit_into_an_m4a(make: Make, tmp_path: Path) -> None:
    sound = make_sound(tmp_path / "talk.flac", "-metadata", f"comment={'x' * 100_000}", seconds=2)
    for operation, inputs in (("audio.encode", []), ("audio.normalize", []), ("audio.concat", [sound])):
        made = make(operation, sound, inputs=inputs, format="m4a")
        assert made.result["output"]["duration"] == pytest.approx(2.0 + 2.0 * len(inputs), abs=0.1)
        assert made.path("talk.m4a").stat().st_size > 100_000


def test_transcoding_does_not_take_sound_alone(make: Make, tmp_path: Path) -> None:
    alone = make_clip(tmp_path / "film.mp4", seconds=1)
    run_ffmpeg("-i", str(alone), "-vn", "-c:a", "copy", "-brand", "isom", str(tmp_path / "alone.mp4"))
    with pytest.raises(InputError, match=r"audio\.extract") as caught:
        make("video.describe", tmp_path / "alone.mp4")
    assert caught.value.code == "unsupported_format"


def _cut(source: Path, target: Path, fraction: float = 0.5) -> Path:
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * fraction)])
    return target


@pytest.mark.parametrize("operation", ["audio.describe", "audio.encode", "audio.waveform"])
@pytest.mark.parametrize("fraction", [0.5, 0.98])
def test_a_wav_cut_short_is_refused_as_a_cut_film_is(
    make: Make, tone: Path, tmp_path: Path, operation: str, fraction: float
) -> None:
    with pytest.raises(InputError, match="cut short") as caught:
        make(operation, _cut(tone, tmp_path / "cut.wav", fraction))
    assert caught.value.code == "corrupt_file"


def test_a_long_wav_cut_short_is_refused_by_its_long_length(make: Make, tmp_path: Path) -> None:
    whole = make_sound(tmp_path / "whole.wav", "-rf64", "always", seconds=1)
    assert whole.read_bytes()[:4] == b"RF64"
    assert make("audio.describe", whole).result["duration"] == pytest.approx(1.0)
    with pytest.raises(InputError, match="cut short"):
        make("audio.describe", _cut(whole, tmp_path / "cut.wav"))


@pytest.mark.parametrize("length", [0x80000100, 3_000_000_000, 0xFFFEFFFF])
def test_a_wav_of_gigabytes_cut_short_is_refused(make: Make, tone: Path, tmp_path: Path, length: int) -> None:
    data = tone.read_bytes()
    at = data.index(b"data") + 4
    cut = tmp_path / "cut.wav"
    cut.write_bytes(data[:at] + length.to_bytes(4, "little") + data[at + 4 :])
    with pytest.raises(InputError, match="cut short"):
        make("audio.describe", cut)


@pytest.mark.parametrize("length", [0, 0x7FFF0000, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFDB, 0xFFFFFFFF])
def test_a_wav_that_came_through_a_pipe_is_whole(make: Make, tone: Path, tmp_path: Path, length: int) -> None:
    data = tone.read_bytes()
    at = data.index(b"data") + 4
    piped = tmp_path / "piped.wav"
    piped.write_bytes(data[:at] + length.to_bytes(4, "little") + data[at + 4 :])
    read = read_back(make("audio.encode", piped, format="flac").path("piped.flac"))
    assert read.samples / (read.sample_rate or 1) == pytest.approx(3.0, abs=0.01)


def test_a_wav_whose_writer_counted_its_header_too_is_whole(make: Make, tone: Path, tmp_path: Path) -> None:
    data = tone.read_bytes()
    at = data.index(b"data") + 4
    counted = tmp_path / "counted.wav"
    counted.write_bytes(data[:at] + len(data).to_bytes(4, "little") + data[at + 4 :])
    assert make("audio.describe", counted).result["duration"] == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("operation", ["audio.extract", "video.describe"])
def test_an_avi_cut_short_is_refused(make: Make, tmp_path: Path, operation: str) -> None:
    whole = make_clip(tmp_path / "whole.avi", seconds=1)
    assert make(operation, whole).result["duration"] == pytest.approx(1.0, abs=0.05)
    with pytest.raises(InputError, match="cut short") as caught:
        make(operation, _cut(whole, tmp_path / "cut.avi"))
    assert caught.value.code == "corrupt_file"


@pytest.mark.parametrize("operation", ["audio.describe", "audio.encode"])
def test_a_sample_rate_that_is_for_no_ear_is_refused(make: Make, tmp_path: Path, operation: str) -> None:
    with pytest.raises(InputError, match="sample rate of 1 Hz") as caught:
        make(operation, _write_wav(tmp_path / "slow.wav", rate=1))
    assert caught.value.code == "unsupported_format"
    assert make(operation, _write_wav(tmp_path / "low.wav", rate=100)).result["duration"] == pytest.approx(240.0)


def test_a_film_whose_sound_has_such_a_rate_is_refused(make: Make, silent_clip: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    slow = _write_wav(tmp_path / "slow.wav", rate=1)
    run_ffmpeg("-i", str(silent_clip), "-i", str(slow), "-c", "copy", str(film))
    with pytest.raises(InputError, match="sample rate of 1 Hz"):
        make("video.describe", film)


def test_a_second_sound_of_such_a_rate_does_no_harm(make: Make, silent_clip: Path, tone: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    slow = _write_wav(tmp_path / "slow.wav", rate=1)
    inputs = [word for path in (silent_clip, tone, slow) for word in ("-i", str(path))]
    run_ffmpeg(*inputs, "-map", "0:v", "-map", "1:a", "-map", "2:a", "-c", "copy", str(film))
    assert make("video.describe", film).result["audio_codec"] == "pcm_s16le"
    assert make("audio.extract", film).outputs
    with pytest.raises(OptionsError, match="sample rate of 1 Hz"):
        make("audio.extract", film, track=1)


def _write_wav(path: Path, *, rate: int) -> Path:
    """Write 48 KB of samples that are said to be so many a second."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(48_000))
    return path
