"""P10: a film transcoded by the service, with progress, cage and checkpoints, against FFmpeg alone."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import corpus, protocol
from benchmarks.protocol import Bar, Work
from benchmarks.service import LONGEST_SECONDS, make_memory, run_service
from filemill.processing.cage.tools import TOOLS, find_command
from filemill.processing.operations.ffmpeg.film import ask_for_film
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.video.film_options import FilmOptions
from filemill.processing.operations.video.film_plan import plan_film

SECONDS: Final = 24
"""Long enough that the service keeps checkpoints; see the decision on long films."""
OPTIONS: Final[dict[str, Any]] = {
    "format": "mp4",
    "resize": [1280, 720],
    "encoder_preset": "veryfast",
    "poster": False,
}


def make_film() -> Path:
    """A film of moving shapes with grain, 1080p at 30 frames, with sound."""

    def fill(directory: Path) -> None:
        picture = f"testsrc2=size=1920x1080:rate=30:duration={SECONDS}"
        sources = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=duration={SECONDS}"]
        coding = ["-vf", "noise=alls=12:allf=t", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "18"]
        run_ffmpeg([*sources, *coding, "-pix_fmt", "yuv420p", "-c:a", "aac", str(directory / "film.mp4")])

    return corpus.make_once("film", fill) / "film.mp4"


def run_ffmpeg(arguments: Sequence[str]) -> None:
    """Run the very FFmpeg that the service uses."""
    argv = [*find_command(TOOLS["ffmpeg"]).argv, "-nostdin", "-v", "error", "-y", *arguments]
    subprocess.run(argv, stdin=subprocess.DEVNULL, check=True, timeout=LONGEST_SECONDS)


def ask_bare(film: Path, target: Path) -> list[str]:
    """The arguments of the service for the whole film, with names in the place of descriptors and without progress."""
    facts = Facts(
        media_type="video/mp4",
        width=1920,
        height=1080,
        duration=float(SECONDS),
        fps=30.0,
        more={"video_codec": "h264", "audio_codec": "aac", "audio_channels": 1},
    )
    options = FilmOptions.model_validate(OPTIONS)
    asked = list(ask_for_film("video/mp4", plan_film(facts, options)))
    source = asked.index("-fd")
    asked[source : source + 4] = ["-i", str(film)]
    asked = asked[: asked.index("-progress")]
    whitelist = asked.index("-protocol_whitelist")
    del asked[whitelist : whitelist + 2]
    return [*asked, str(target)]


def measure() -> bool:
    """The service against the same FFmpeg with the same arguments."""
    film = make_film()
    with run_service(corpus.find_place()) as service, service.open_client() as client, make_memory() as memory:
        body = {"file_path": str(film), "task_type": "video", "operation": "video.transcode", "metadata": OPTIONS}

        def transcode() -> None:
            task = service.hand_in(client, body)["id"]
            service.wait_for_rows("id = %s", [task])

        bare = ask_bare(film, memory / "bare.mp4")
        rivals: dict[str, Work] = {"filemill": transcode, "bare FFmpeg": lambda: run_ffmpeg(bare)}
        taken = protocol.take_turns(rivals, rounds=protocol.count_rounds(5), warm_up=0)
        points = service.execute("SELECT count(*) FROM tasks_taskprogress")[0][0]
    ratios = [one / other for one, other in zip(taken["filemill"], taken["bare FFmpeg"], strict=True)]
    figure = protocol.find_median_ratio(taken["filemill"], taken["bare FFmpeg"])
    name = "time against FFmpeg alone"
    bar = Bar(name=name, unit="times", figure=figure, at_most=1.03, spread=(min(ratios), max(ratios)))
    details = {"film_seconds": SECONDS, "progress_points": points}
    protocol.keep("P10", bars=[bar], details=details, rivals=taken)
    return bar.holds
