"""The attacks are real: outside of the cage the same files reach what they are after, and the watch notices."""

import subprocess
import urllib.request
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.hostile.corpus.reaching import hide_in_subtitles, write_hls
from tests.hostile.staging import SECRET, CanaryServer, Stage, shows_canary


def run_ffmpeg(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=30)


def test_ffmpeg_by_itself_plays_the_film_that_a_playlist_names(stage: Stage, tmp_path: Path) -> None:
    playlist, film = tmp_path / "reach.m3u8", tmp_path / "film.mp4"
    playlist.write_bytes(write_hls(stage))

    done = run_ffmpeg("-i", str(playlist), str(film))
    assert done.returncode == 0, done.stderr
    assert shows_canary(film)


def test_the_watch_notices_the_secret_word_the_colour_and_a_connection(stage: Stage) -> None:
    assert shows_canary(stage.canary_file)
    assert shows_canary(stage.canary_picture)
    server = CanaryServer()
    with urllib.request.urlopen(server.url) as answer:
        assert answer.read() == SECRET.encode()
    server.close()
    assert server.asked == ["a connection", "/"]


@pytest.mark.parametrize("stream", ["0:s:0"])
def test_ffmpeg_by_itself_looks_into_the_subtitles_of_an_avi(stage: Stage, tmp_path: Path, stream: str) -> None:
    film = tmp_path / "subtitles.avi"
    film.write_bytes(hide_in_subtitles(b"1\n00:00:00,000 --> 00:00:01,000\nheard\n"))

    done = run_ffmpeg("-f", "avi", "-i", str(film), "-map", stream, "-f", "srt", "-")
    assert b"heard" in done.stdout, done.stderr
