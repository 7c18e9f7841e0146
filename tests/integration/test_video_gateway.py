import asyncio
import os
import signal
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mainspring.contracts.retry import Retry
from mainspring.emulators.clips import Clip, cut, damage, decoded_frames, ffmpeg
from mainspring.gateways.video import DiskFull, Ffmpeg, Probe, Variant, Video, VideoFailed
from mainspring.testing.eventually import PATIENCE_SECONDS
from tests.media import copied

SMALL = Variant("480p", 160, 120, 1_400)
CLIP = Clip(seconds=1, width=160, height=120)

# Half a second of ffmpeg's work or so: long enough to be seen at it.
LONG = Clip(seconds=10, width=640, height=360)

BLUE = "color=blue:size=160x120:duration=1:rate=10"
# One picture as one pixel: three bytes of red, green and blue.
DOT = ("-vf", "scale=1:1", "-f", "rawvideo", "-pix_fmt", "rgb24")


@pytest.fixture
def video() -> Video:
    """Give the gateway."""
    return Video(Ffmpeg(parallel=2))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a b:c.mov"])
async def test_usual_containers_are_read_whatever_their_file_is_called(
    name: str, video: Video, tmp_path: Path
) -> None:
    """Length, sides and sound, from what ffmpeg says."""
    found = await video.probe(copied(CLIP, tmp_path / name))
    assert (160, 120, "h264", True) == (found.width, found.height, found.codec, found.has_audio)
    assert 1.0 == pytest.approx(found.duration.total_seconds(), abs=0.1)


async def test_a_turned_picture_and_one_of_oblong_pixels_are_seen_as_a_viewer_sees_them(
    video: Video, tmp_path: Path
) -> None:
    """A telephone films lying down and notes that it was upright; old cameras have wide pixels."""
    clip = copied(CLIP, tmp_path / "a.mp4")
    ffmpeg("-display_rotation", "90", "-i", str(clip), "-c", "copy", str(tmp_path / "turned.mp4"))
    ffmpeg("-i", str(clip), "-vf", "setsar=3/2", str(tmp_path / "oblong.mp4"))

    turned, oblong = await video.probe(tmp_path / "turned.mp4"), await video.probe(tmp_path / "oblong.mp4")

    assert (120, 160) == (turned.width, turned.height)
    assert (240, 120) == (oblong.width, oblong.height)


async def test_a_file_that_does_not_tell_its_length_is_measured(video: Video, tmp_path: Path) -> None:
    """As recordings of live streams are."""
    clip = copied(CLIP, tmp_path / "a.mp4")
    ffmpeg("-i", str(clip), "-c", "copy", "-f", "matroska", "-live", "1", str(tmp_path / "live.mkv"))
    assert timedelta(seconds=0.9) < (await video.probe(tmp_path / "live.mkv")).duration


async def test_what_is_no_video_is_told_with_what_ffmpeg_said(video: Video, tmp_path: Path) -> None:
    """Sound alone, text, and nothing at all; where in memory the decoder was is left out."""
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", str(tmp_path / "sound.mp4"))
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mp4").write_bytes(b"")
    for name in ("sound.mp4", "text.mp4", "empty.mp4"):
        with pytest.raises(VideoFailed, match="there is no video in the file") as failed:
            await video.probe(tmp_path / name)
        assert failed.value.last_lines
        assert " @ 0x" not in str(failed.value)


async def test_a_playlist_cannot_make_ffmpeg_read_other_files(video: Video, tmp_path: Path) -> None:
    """A customer's "video" that names files of the worker's disk, or addresses of our network, is refused."""
    secret = CLIP.write(tmp_path / "secret.ts")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    (tmp_path / "list.m3u8").write_text(playlist)
    (tmp_path / "list.txt").write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    for name in ("list.m3u8", "list.txt"):
        with pytest.raises(VideoFailed):
            await video.probe(tmp_path / name)


async def test_progress_rises_to_the_video_s_length(video: Video, tmp_path: Path) -> None:
    """The last time that is told is that of the end."""
    clip = copied(LONG, tmp_path / "a.mp4")
    told: list[timedelta] = []

    made = await video.make_file(clip, tmp_path / "out.mp4", SMALL, told.append)

    assert sorted(set(told)) == told
    assert [timedelta(seconds=10)] * 2 == [told[-1], made.length]
    assert 250 == decoded_frames(tmp_path / "out.mp4")


async def test_a_file_begins_to_play_at_once_and_tells_nothing_of_its_maker(
    video: Video, tmp_path: Path
) -> None:
    """The index stands before the pictures; where a film was taken is not published."""
    tagged = ("-metadata", "location=+52.5200+013.4050/", "-metadata", "title=Our garden")
    clip = Clip(seconds=1, width=160, height=120, extra=tagged).write(tmp_path / "a.mp4")
    assert b"Our garden" in clip.read_bytes()

    await video.make_file(clip, tmp_path / "out.mp4", SMALL, lambda _: None)

    content = (tmp_path / "out.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert b"garden" not in content
    assert b"52.52" not in content


async def test_damage_is_an_error_and_a_missing_end_is_measured(video: Video, tmp_path: Path) -> None:
    """What could not be decoded is not published as if it could."""
    four = Clip(seconds=4, width=320, height=180)
    bad = damage(copied(four, tmp_path / "bad.mp4"))
    short = cut(copied(four, tmp_path / "short.mp4"), 0.4)

    with pytest.raises(VideoFailed, match="exit code") as failed:
        await video.make_file(bad, tmp_path / "bad-out.mp4", SMALL, lambda _: None)
    assert 3 < len(failed.value.last_lines) <= 12
    made = await video.make_file(short, tmp_path / "short-out.mp4", SMALL, lambda _: None)
    assert made.length < timedelta(seconds=3)


async def test_no_more_run_at_once_than_is_allowed(tmp_path: Path) -> None:
    """A hundred activities do not become a hundred encoders."""
    clip = copied(CLIP, tmp_path / "a.mp4")
    video = Video(Ffmpeg(parallel=1))
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, len(working_in(tmp_path)))
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    probes = await asyncio.gather(*(video.probe(clip) for _ in range(3)))
    watching.cancel()

    assert [Probe(probes[0].duration, 25, 160, 120, "h264", True)] * 3 == list(probes)
    assert most <= 1


async def test_an_ffmpeg_that_is_stuck_is_ended(tmp_path: Path) -> None:
    """It would keep its turn from others; how far it was is told."""
    clip = copied(LONG, tmp_path / "a.mp4")
    video = Video(Ffmpeg(1, stuck_after=timedelta(seconds=1)))
    task = asyncio.create_task(video.make_file(clip, tmp_path / "out.mp4", SMALL, lambda _: None))
    while not working_in(tmp_path):  # noqa: ASYNC110  # polled
        await asyncio.sleep(0.01)

    for process in working_in(tmp_path):
        os.kill(process, signal.SIGSTOP)

    with pytest.raises(VideoFailed, match="stuck at"):
        await task
    assert [] == working_in(tmp_path)


async def test_a_picture_that_no_camera_makes_is_refused(video: Video, tmp_path: Path) -> None:
    """A small file can claim a size that would keep a machine busy for days."""
    size = "size=8192x4400:rate=1:duration=1"
    ffmpeg("-f", "lavfi", "-i", f"color=black:{size}", "-c:v", "mjpeg", str(tmp_path / "a.avi"))

    with pytest.raises(VideoFailed, match="8192x4400 exceeds"):
        await video.probe(tmp_path / "a.avi")


LATE_SUBTITLES = "1\n00:00:55,000 --> 00:01:00,000\nThe end\n"

# Ten pictures a second, of which the last one comes half a minute after the others.
STILL_END = ("-vf", "setpts='if(eq(N,9),30/TB,PTS)'", "-fps_mode", "vfr")


@pytest.mark.parametrize("case", ["subtitles", "sound", "still", "still without B-frames"])
async def test_a_film_is_as_long_as_its_own_pictures(case: str, video: Video, tmp_path: Path) -> None:
    """Late subtitles, a longer sound track and a still end belong to whole films; each is made to its end."""
    small = Clip(seconds=1, width=64, height=48, rate=10, has_audio=False)
    film, source = small.write(tmp_path / "film.mkv"), tmp_path / "a.mkv"
    (tmp_path / "late.srt").write_text(LATE_SUBTITLES)
    beside = {
        "subtitles": ("-i", str(tmp_path / "late.srt"), "-c:v", "copy"),
        "sound": ("-f", "lavfi", "-i", "sine=duration=9", "-c:v", "copy"),
        "still": STILL_END,
        "still without B-frames": (*STILL_END, "-bf", "0"),
    }
    ffmpeg("-i", str(film), *beside[case], str(source))

    probe = await video.probe(source)
    made = await video.make_file(source, tmp_path / "a.mp4", SMALL, lambda _: None)
    (tmp_path / "hls").mkdir()
    streamed = await video.make_stream(
        source, tmp_path / "hls", [SMALL], has_audio=probe.has_audio, on_time=lambda _: None
    )

    expected = 30.1 if case.startswith("still") else 1.0
    assert expected == pytest.approx(probe.duration.total_seconds(), abs=0.05)
    assert (10, 10, 10) == (probe.frames, made.frames, streamed.frames)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.flv"])
async def test_a_film_whose_end_is_missing_is_refused_before_it_is_made(
    name: str, video: Video, tmp_path: Path
) -> None:
    """What was cut off is not mistaken for a film that is shorter than its sound."""
    short = cut(Clip(seconds=4, width=160, height=120).write(tmp_path / name), 0.4)
    with pytest.raises(VideoFailed, match=r"only 1\.\d s of 4\.0 s could be read"):
        await video.probe(short)


async def test_a_cover_is_never_taken_for_the_film(video: Video, tmp_path: Path) -> None:
    """Wherever the cover stands: probe, file, stream and poster are the film's, which is blue."""
    films = ("-f", "lavfi", "-i", "color=red:size=60x60:duration=1:rate=1", "-f", "lavfi", "-i", BLUE)
    covered = ("-map", "0", "-map", "1", "-c:v:0", "png", "-frames:v:0", "1", "-c:v:1", "mpeg4")
    source = tmp_path / "a.mp4"
    ffmpeg(*films, *covered, "-disposition:v:0", "attached_pic", str(tmp_path / "last.mp4"))
    source.write_bytes(_cover_first((tmp_path / "last.mp4").read_bytes()))
    described = ffmpeg("-i", str(source), "-map", "0", "-c", "copy", "-f", "null", "-")
    assert "attached pic" in described.partition("Stream #0:0")[2].partition("Stream #0:1")[0]

    probe = await video.probe(source)
    await video.make_file(source, tmp_path / "out.mp4", SMALL, lambda _: None)
    (tmp_path / "hls").mkdir()
    await video.make_stream(source, tmp_path / "hls", [SMALL], has_audio=False, on_time=lambda _: None)
    await video.make_picture(source, tmp_path / "out.jpg", timedelta(0), SMALL)

    assert (160, 120) == (probe.width, probe.height)
    for made in ("out.mp4", "hls/480p/00000.ts", "out.jpg"):
        ffmpeg("-i", str(tmp_path / made), "-frames:v", "1", *DOT, str(tmp_path / "dot"))
        red, _, blue = (tmp_path / "dot").read_bytes()
        assert red < blue - 150


async def test_a_film_that_lasts_for_days_is_refused(video: Video, tmp_path: Path) -> None:
    """A still picture of a hundred hours is a few kilobytes."""
    source = "color=black:size=16x16:rate=0.001:duration=50000"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "mjpeg", str(tmp_path / "a.mkv"))

    with pytest.raises(VideoFailed, match="is longer than 12:00:00"):
        await video.probe(tmp_path / "a.mkv")


async def test_a_film_of_too_many_pixels_is_refused_before_it_is_made(tmp_path: Path) -> None:
    """Many large pictures of one colour are a few kilobytes."""
    copied(CLIP, tmp_path / "a.mp4")

    with pytest.raises(VideoFailed, match=r"pictures of \d+ x \d+ are [\d,]+ pixels, more than 10,000"):
        await Video(Ffmpeg(1), most_film_pixels=10_000).probe(tmp_path / "a.mp4")


async def test_a_profile_that_becomes_too_large_is_given_up(tmp_path: Path) -> None:
    """It must not fill the disk that all tasks share."""
    copied(CLIP, tmp_path / "a.mp4")
    (tmp_path / "made").mkdir()

    with pytest.raises(VideoFailed, match="the files have more than 1,000 bytes"):
        await Video(Ffmpeg(1), most_bytes=1_000).make_file(
            tmp_path / "a.mp4", tmp_path / "made" / "a.mp4", SMALL, lambda _time: None
        )


async def test_whoever_cancels_a_transcode_ends_its_process(video: Video, tmp_path: Path) -> None:
    """When the cancellation has come through, nothing runs any more."""
    clip = copied(LONG, tmp_path / "a.mp4")
    task = asyncio.create_task(video.make_file(clip, tmp_path / "out.mp4", SMALL, lambda _: None))
    while not working_in(tmp_path):  # noqa: ASYNC110  # polled
        await asyncio.sleep(0.01)

    for process in working_in(tmp_path):
        os.kill(process, signal.SIGSTOP)  # it does not end by itself
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [] == working_in(tmp_path)


def test_a_process_that_is_killed_takes_its_ffmpeg_with_it(tmp_path: Path) -> None:
    """Signal 9 leaves nobody to clean up: the kernel does."""
    clip = copied(LONG, tmp_path / "a.mp4")
    program = textwrap.dedent(f"""
        import asyncio
        from pathlib import Path
        from mainspring.gateways.video import DiskFull, Ffmpeg, Variant, Video

        variant = Variant("480p", 160, 120, 1_400)
        work = Video(Ffmpeg(1)).make_file(
            Path({str(clip)!r}), Path({str(tmp_path / "out.mp4")!r}), variant, lambda _: None
        )
        asyncio.run(work)
    """)
    owner = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    with owner:
        until(lambda: working_in(tmp_path) != [])
        for process in working_in(tmp_path):
            os.kill(process, signal.SIGSTOP)  # it does not end by itself
        os.kill(owner.pid, signal.SIGKILL)
    until(lambda: [] == working_in(tmp_path))


def _cover_first(content: bytes) -> bytes:
    """Return an MP4 file whose cover, in `udta`, stands before its tracks; nothing changes its size."""
    written = b""
    for kind, box in _boxes(content):
        inner = dict(_boxes(box[8:])) if kind == b"moov" else {}
        cover = inner.get(b"udta", b"")
        rest = box[8:].replace(cover, b"") if cover else box[8:]
        written += box[:8] + cover + rest
    return written


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    while content:
        size, kind = struct.unpack(">I4s", content[:8])
        yield kind, content[:size]
        content = content[size:]


def working_in(folder: Path) -> list[int]:
    """Return the processes of ffmpeg that work in a folder; not one that is about to become ffmpeg."""
    command = ["pgrep", "-f", f"^[^ ]*ffmpeg[^ ]* .*file:{folder}"]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def until(reached: Callable[[], bool]) -> None:
    """Wait, for as long as a busy machine may need to start a process."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("name", ["film.mp4", "poster.jpg"])
async def test_a_full_disk_is_no_fault_of_the_film(name: str, tmp_path: Path) -> None:
    """Files and pictures alike: it is waited for, with ffmpeg's own words."""
    source = copied(CLIP, tmp_path / "a.mkv")
    (tmp_path / name).symlink_to("/dev/full")
    with pytest.raises(DiskFull, match="No space left on device") as caught:
        await Ffmpeg(parallel=1).listen(["-y", "-i", source.name, "-frames:v", "1", name], folder=tmp_path)

    assert Retry.UNTIL_MENDED is caught.value.retry


async def test_a_film_cannot_say_that_the_disk_is_full(video: Video, tmp_path: Path) -> None:
    """Or else anybody's title would keep its task waiting for ever."""
    title = "title=No space left on device (os error 28)"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-metadata", title, str(tmp_path / "a.mp4"))
    with pytest.raises(VideoFailed) as caught:
        await video.probe(tmp_path / "a.mp4")

    assert Retry.APPLICATION is caught.value.retry
