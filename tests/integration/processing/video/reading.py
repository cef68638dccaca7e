"""An independent reader of what was made: PyAV in the test's own process."""

import re
from dataclasses import dataclass
from pathlib import Path

import av


@dataclass(frozen=True, kw_only=True)
class Read:
    """What the reader found in a film or sound, packet by packet and frame by frame."""

    width: int | None
    height: int | None
    video_codec: str | None
    audio_codec: str | None
    duration: float
    times: list[float]
    """When each decoded frame is shown, in seconds."""
    decode_times: list[int]
    """The packets' own order of decoding, in ticks."""
    fps: float | None
    samples: int
    """Decoded samples of one channel."""
    sample_rate: int | None
    channels: int | None

    @property
    def frames(self) -> int:
        return len(self.times)


def read_back(path: Path) -> Read:
    """Decode all of a film or sound; whatever is wrong in it is an error of PyAV."""
    with av.open(str(path)) as container:
        film = next(iter(container.streams.video), None)
        sound = next(iter(container.streams.audio), None)
        decode_times: list[int] = []
        times: list[float] = []
        samples = 0
        for packet in container.demux():
            if packet.stream is film and packet.dts is not None and packet.size:
                decode_times.append(packet.dts)
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    times.append(float(frame.time or 0.0))
                elif isinstance(frame, av.AudioFrame):
                    samples += frame.samples
        return Read(
            width=film.codec_context.width if film else None,
            height=film.codec_context.height if film else None,
            video_codec=film.codec_context.codec.canonical_name if film else None,
            audio_codec=sound.codec_context.codec.canonical_name if sound else None,
            duration=(container.duration or 0) / av.time_base,
            times=times,
            decode_times=decode_times,
            fps=float(film.average_rate) if film and film.average_rate else None,
            samples=samples,
            sample_rate=sound.codec_context.sample_rate if sound else None,
            channels=sound.codec_context.channels if sound else None,
        )


def read_samples(path: Path, *, rate: int = 8000) -> list[int]:
    """Decode a sound to 16-bit samples of one channel."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    with av.open(str(path)) as container:
        raw = b"".join(
            bytes(part.planes[0])[: part.samples * 2]
            for frame in container.decode(audio=0)
            for part in resampler.resample(frame)
        )
    return memoryview(raw).cast("h").tolist()


def read_frame(path: Path, number: int) -> bytes:
    """Decode a film's frame by its number, as RGB."""
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index == number:
                return bytes(frame.to_image().convert("RGB").tobytes())  # type: ignore[no-untyped-call]
    raise AssertionError(f"{path.name} has no frame {number}")


def read_lengths(playlist: Path) -> list[float]:
    """Read how long each segment lasts that a playlist of HLS names, in seconds."""
    return [float(seconds) for seconds in re.findall(r"#EXTINF:([\d.]+)", playlist.read_text())]
