"""The video that `mainspring up --emulators` offers, as a new user tries it: the printed line."""

import os
import pty
import re
import shlex
import subprocess
import sys
from urllib.request import urlopen

from mainspring.contracts.media import VideoManifest, VideoProfile
from mainspring.emulators.clips import decoded_frames
from mainspring.emulators.samples import sample
from tests.acceptance.command_line import CommandLine
from tests.acceptance.running_service import RunningService

SECONDS = 2
FRAMES = 50
STEPS = ["download", "probe", "transcode-480p", "transcode-hls", "poster", "upload", "publish", "clean"]
COLOURS_AND_MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(command_line: CommandLine, arguments: list[str]) -> tuple[int, str]:
    """Run a command on a pseudo terminal; return its exit code and all that was ever drawn, as plain text."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mainspring", *arguments],
        cwd=command_line.state_dir.parent,
        env=command_line.environment | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    drawn = b""
    with process, os.fdopen(ours, "rb", buffering=0) as screen:
        try:
            while chunk := screen.read(65_536):
                drawn += chunk
        except OSError:  # how Linux says that the other side is closed
            pass
    return process.returncode, COLOURS_AND_MOVES.sub("", drawn.decode())


def printed_command(running: RunningService) -> list[str]:
    """Return what is to be typed, without the program's name, for a clip of 2 seconds instead of 20."""
    (line,) = re.findall(r"^  mainspring (run process-video .*)$", running.printed, re.MULTILINE)
    assert sample(20) in line
    return shlex.split(line.replace(sample(20), sample(SECONDS)))


def test_the_printed_line_makes_a_video_and_shows_how_far_it_is(running: RunningService) -> None:
    """No other set-up: the steps and a rising percentage are seen, and what is published plays."""
    code, drawn = on_a_terminal(running.command_line, printed_command(running))

    assert 0 == code, drawn
    shares = [int(share) for share in re.findall(r"(\d+) %", drawn)]
    assert sorted(shares) == shares
    assert (0, 100) == (shares[0], shares[-1])
    assert re.search(r"transcode-hls +running +1 ", drawn)
    _, _, outcome = drawn.rpartition("SUCCESS  task ")
    assert STEPS == re.findall(r"^(\S+) +completed +1 +\d\d:\d\d:\d\d +\d+\.\d s ", outcome, re.MULTILINE)
    check_published(running)


def check_published(running: RunningService) -> None:
    """Fetch what is published as a page's visitor does, without a key, and play it."""
    videos = running.temporal.emulators["media_s3_endpoint"] + "/videos"
    assert f"{videos} (emulator)" in running.printed
    with urlopen(f"{videos}/films/sample/manifest.json", timeout=10) as answer:
        manifest = VideoManifest.model_validate_json(answer.read())
    version = f"{videos}/{manifest.prefix}"
    assert FRAMES == decoded_frames(f"{version}/{manifest.profiles[VideoProfile.P480]}")
    assert FRAMES == decoded_frames(f"{version}/{manifest.profiles[VideoProfile.HLS]}")
    assert 1 == decoded_frames(f"{version}/{manifest.poster}")
