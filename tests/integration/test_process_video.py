import asyncio
import base64
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from mainspring.contracts.flows import StepStatus
from mainspring.contracts.media import ProcessVideo, ScratchSwept, SweepScratch, VideoProfile
from mainspring.contracts.tasks import Task, TaskState
from mainspring.emulators.clips import Clip, damage, decoded_frames
from mainspring.emulators.objects import ObjectFault
from mainspring.emulators.videos import VideoFault
from mainspring.storage.database import Database
from mainspring.testing.eventually import eventually
from mainspring.workflows.media import PROCESS_VIDEO, SweepScratchWorkflow
from tests.media import MediaService, attempts, media_service

SHORT = Clip(seconds=1, width=160, height=120)

# A second of ffmpeg's work or so: long enough to be seen at it.
LONG = Clip(seconds=10, width=640, height=360)


@pytest.fixture
async def media(
    temporal_client: Client, sqlite_database: Database, tmp_path: Path
) -> AsyncIterator[MediaService]:
    """Give a service with a worker, an object store and a web server."""
    async with media_service(temporal_client, sqlite_database, tmp_path) as media, media.service.worker():
        yield media


def asked(
    media: MediaService, name: str, *profiles: VideoProfile, destination: str = "videos/1"
) -> ProcessVideo:
    """Return the input for a served clip."""
    chosen = {"profiles": profiles} if profiles else {}
    return ProcessVideo.model_validate(
        {"source": media.videos.url(name), "destination": destination, **chosen}
    )


@pytest.mark.parametrize(
    ("seconds", "rate"),
    [pytest.param(6, 3, id="short"), pytest.param(20, 10, id="long", marks=pytest.mark.drill)],
)
async def test_a_clip_becomes_playable_files_a_stream_and_a_poster(
    seconds: int, rate: int, media: MediaService, tmp_path: Path
) -> None:
    """Every picture of what was published decodes, progress only rises, and no scratch is left."""
    media.clip("clip.mp4", Clip(seconds=seconds, width=1280, height=720, rate=rate))
    started = await media.service.jobs.start(PROCESS_VIDEO, asked(media, "clip.mp4", *VideoProfile))
    seen = [0]
    while not (task := await media.service.tasks.get(started.id)).state.is_final:
        seen.append(task.progress)
        await asyncio.sleep(0.05)

    assert (TaskState.SUCCESS, 100) == (task.state, task.progress), task.errors
    assert sorted(seen) == seen
    assert len(set(seen)) > 5
    manifest = media.manifest("videos/1")
    fetched = media.fetched(manifest, tmp_path / "fetched")
    assert {*VideoProfile} == {*manifest.profiles}
    assert [seconds * rate] * 3 == [decoded_frames(fetched / entry) for entry in manifest.profiles.values()]
    assert 2 == (fetched / "hls" / "master.m3u8").read_text().count("EXT-X-STREAM-INF")
    assert 1 == decoded_frames(fetched / manifest.poster)
    assert seconds == manifest.duration_seconds
    assert [] == media.scratch_left
    assert {1} == set(attempts(task).values())


async def test_a_clip_without_sound_and_smaller_than_every_profile_is_not_enlarged(
    media: MediaService,
) -> None:
    """What is published is no larger than the source."""
    media.clip("small.mp4", Clip(seconds=1, width=160, height=120, has_audio=False))

    task = await processed(media, asked(media, "small.mp4", *VideoProfile))

    assert TaskState.SUCCESS is task.state, task.errors
    steps = (task.result or {})["steps"]
    made = [steps[name]["data"] for name in ("transcode-720p", "transcode-hls", "poster")]
    assert [(160, 120)] * 3 == [(each["width"], each["height"]) for each in made]


async def test_a_corrupt_source_fails_after_three_attempts_and_a_good_one_repairs_it(
    media: MediaService,
) -> None:
    """The error log says which step, why, where, and what ffmpeg said last; the retry runs all anew."""
    damage(media.clip("bad.mp4", SHORT))
    media.clip("good.mp4", SHORT)
    request = asked(media, "bad.mp4", VideoProfile.P480)

    failed = await processed(media, request)

    assert TaskState.FAILED is failed.state
    assert 3 == attempts(failed)["transcode-480p"]
    assert "skipped" == (failed.result or {})["steps"]["upload"]["status"]
    logged = [error for error in failed.errors if error.step == "transcode-480p"]
    assert [1, 2, 3] == sorted({error.attempt for error in logged})
    assert "VideoFailed" == logged[0].error_type
    assert "Decode error rate" in logged[0].message
    assert "make_file" in logged[0].stack

    again = await media.service.jobs.retry(failed.id, message=asked(media, "good.mp4", VideoProfile.P480))
    retried = await media.service.wait(again.id)

    assert TaskState.SUCCESS is retried.state, retried.errors
    assert {1} == set(attempts(retried).values())
    assert [] == media.scratch_left


async def test_the_secrets_of_a_source_are_kept_nowhere(media: MediaService, temporal_client: Client) -> None:
    """Neither the ledger nor Temporal has the signature of a URL; what is downloaded is the signed URL."""
    media.clip("clip.mp4", SHORT)
    signed = asked(media, "clip.mp4", VideoProfile.P480)
    signed = signed.model_copy(update={"source": f"{signed.source}?X-Amz-Signature=s3cret&part=1"})
    started = await media.service.jobs.start(PROCESS_VIDEO, signed)
    task = await media.service.tasks.wait(started.id)

    assert TaskState.SUCCESS is task.state
    assert task.input["source"].startswith(f"{media.videos.url('clip.mp4')}?mainspring-sealed=")
    steps = await media.service.tasks.steps(started.id)
    history = await temporal_client.get_workflow_handle(task.workflow_id).fetch_history()
    kept = [task.model_dump_json(), *(step.model_dump_json() for step in steps), history.to_json()]
    assert [] == [
        text for text in kept if "s3cret" in text or base64.b64encode(b"s3cret").decode()[:-2] in text
    ]
    payloads = re.findall(r'"data": ?"([A-Za-z0-9+/=]+)"', history.to_json())
    assert payloads
    assert [] == [data for data in payloads if b"s3cret" in base64.b64decode(data)]


async def test_a_changed_profile_does_not_download_again(media: MediaService) -> None:
    """Only the steps whose input has changed run: what the ended task has made is taken over."""
    media.clip("clip.mp4", SHORT)
    failed = await given_up(media, asked(media, "clip.mp4", VideoProfile.P480))
    assert TaskState.CANCELLED is failed.state

    again = await media.service.jobs.retry(
        failed.id, message=asked(media, "clip.mp4", VideoProfile.P480, VideoProfile.P720)
    )
    retried = await media.service.wait(again.id)

    assert TaskState.SUCCESS is retried.state, retried.errors
    assert 1 == len(media.videos.asked)
    began = {name for name, at in began_at(retried).items() if at >= (retried.started_at or at)}
    assert {"transcode-720p", "upload", "publish", "clean"} == began
    assert [] == media.scratch_left


async def test_work_that_is_gone_from_the_disk_is_made_again(media: MediaService) -> None:
    """A retry on another machine, or after the disk was cleared, still ends well."""
    media.clip("clip.mp4", SHORT)
    failed = await given_up(media, asked(media, "clip.mp4"))
    for left in media.scratch_left:
        left.rename(media.folder / left.name)

    retried = await media.service.wait((await media.service.jobs.retry(failed.id)).id)

    assert TaskState.SUCCESS is retried.state, retried.errors
    assert 2 == len(media.videos.asked)
    assert [] == media.scratch_left


async def test_outages_of_the_source_and_of_the_store_are_waited_out(media: MediaService) -> None:
    """Broken downloads go on where they broke off; an outage uses up no attempt."""
    media.clip("clip.mp4", SHORT)
    media.videos.next(VideoFault.AWAY, VideoFault.BROKEN)
    media.objects.faults.next(ObjectFault.LOST_ANSWER, 1)

    task = await processed(media, asked(media, "clip.mp4", VideoProfile.P480))

    assert TaskState.SUCCESS is task.state, task.errors
    assert {"download": 3, "upload": 2} == {name: each for name, each in attempts(task).items() if each > 1}
    assert (media.folder / "clip.mp4").stat().st_size == sum(each.sent for each in media.videos.asked)


async def test_a_second_version_replaces_the_first(media: MediaService) -> None:
    """One version at a destination, and nothing of what lies beside or below it is touched."""
    media.clip("one.mp4", SHORT)
    media.clip("two.mp4", Clip(seconds=1))
    for name, destination in (("one.mp4", "videos"), ("one.mp4", "videos/1"), ("two.mp4", "videos/1")):
        request = asked(media, name, VideoProfile.P480, destination=destination)
        task = await processed(media, request)
        assert TaskState.SUCCESS is task.state, task.errors

    expected = {
        f"{prefix}/{name}"
        for prefix in (media.manifest("videos").prefix, media.manifest("videos/1").prefix)
        for name in ("480p.mp4", "poster.jpg")
    }
    assert expected | {"videos/manifest.json", "videos/1/manifest.json"} == set(media.bucket.objects)


async def test_a_version_that_is_gone_when_it_is_to_be_published_is_brought_anew(media: MediaService) -> None:
    """Another run of the destination may have removed it; no task ends well with nothing to show."""
    media.clip("clip.mp4", SHORT)
    media.objects.faults.slow_seconds = 0.5
    media.objects.faults.next(ObjectFault.SLOW, method="GET")  # the first look of `publish`
    started = await media.service.jobs.start(PROCESS_VIDEO, asked(media, "clip.mp4", VideoProfile.P480))
    await media.service.until(started.id, lambda task: task.current_step == "publish")
    media.bucket.objects.clear()

    task = await media.service.wait(started.id)

    assert TaskState.SUCCESS is task.state, task.errors
    manifest = media.manifest("videos/1")
    assert {f"{manifest.prefix}/480p.mp4", f"{manifest.prefix}/poster.jpg", "videos/1/manifest.json"} == set(
        media.bucket.objects
    )


async def test_films_that_wait_for_their_turn_hold_up_nothing_else(
    temporal_client: Client, sqlite_database: Database, tmp_path: Path
) -> None:
    """Neither other jobs nor the download of another film wait for ffmpeg."""
    few = {"activity_slots": 2, "media_parallel": 1}
    async with (
        media_service(temporal_client, sqlite_database, tmp_path, **few) as media,
        media.service.worker(),
    ):
        media.clip("clip.mp4", LONG)
        first, second = (
            asked(media, "clip.mp4", *VideoProfile, destination=f"videos/{number}") for number in (1, 2)
        )
        task = await media.service.jobs.start(PROCESS_VIDEO, first)
        await media.service.until(task.id, lambda task: (task.current_step or "").startswith("transcode"))
        [turn] = await until_ffmpegs(media)
        os.kill(turn, signal.SIGSTOP)  # it keeps its turn until it is killed
        async with asyncio.timeout(10):
            await media.service.relay()
            later = await media.service.jobs.start(PROCESS_VIDEO, second)
            while len(media.videos.asked) < 2:  # noqa: ASYNC110  # polled
                await asyncio.sleep(0.01)

        steps = await media.service.tasks.steps(task.id)
        assert 1 == sum(each.status is StepStatus.RUNNING for each in steps)
        for each in (task, later):
            await media.service.jobs.cancel(each.id)
            assert TaskState.CANCELLED is (await media.service.wait(each.id)).state


async def test_what_nobody_retries_is_swept_away_after_a_week(media: MediaService) -> None:
    """The work of a task that has not succeeded waits for its retry, and not for ever."""
    media.clip("clip.mp4", SHORT)
    await given_up(media, asked(media, "clip.mp4", VideoProfile.P480))
    assert 1 == len(media.scratch_left)

    media.service.clock.advance(timedelta(days=6))
    assert 0 == (await swept(media)).tasks
    media.service.clock.advance(timedelta(days=1))
    assert 1 == (await swept(media)).tasks
    assert [] == media.scratch_left


async def test_cancelling_kills_ffmpeg(media: MediaService) -> None:
    """When the task is CANCELLED no ffmpeg of it works any more."""
    media.clip("long.mp4", LONG)
    task = await media.service.jobs.start(PROCESS_VIDEO, asked(media, "long.mp4", VideoProfile.P720))
    await media.service.until(task.id, lambda task: task.current_step == "transcode-720p")
    for process in await until_ffmpegs(media, "720p.mp4"):
        os.kill(process, signal.SIGSTOP)  # it does not end by itself

    await media.service.jobs.cancel(task.id)
    ended = await media.service.wait(task.id)

    assert TaskState.CANCELLED is ended.state
    assert [] == ffmpegs(media)


async def test_a_transcode_whose_ffmpeg_is_killed_is_tried_again(media: MediaService) -> None:
    """The short form of the drill: what was finished before is not repeated."""
    media.clip("clip.mp4", LONG)
    started = await media.service.jobs.start(PROCESS_VIDEO, asked(media, "clip.mp4", VideoProfile.P480))
    await media.service.until(started.id, lambda task: task.current_step == "transcode-480p")
    for process in await until_ffmpegs(media, "480p.mp4"):
        os.kill(process, signal.SIGKILL)
    task = await media.service.wait(started.id)

    assert TaskState.SUCCESS is task.state, task.errors
    assert {"download": 1, "probe": 1, "transcode-480p": 2} == {
        name: attempts(task)[name] for name in ("download", "probe", "transcode-480p")
    }
    assert [] == media.scratch_left


async def processed(media: MediaService, request: ProcessVideo) -> Task:
    """Run a task to its end."""
    started = await media.service.jobs.start(PROCESS_VIDEO, request)
    return await media.service.wait(started.id)


async def given_up(media: MediaService, request: ProcessVideo) -> Task:
    """Return a task that was cancelled while it waited for a store that refuses our key."""
    media.objects.faults.refuses_everybody = True
    started = await media.service.jobs.start(PROCESS_VIDEO, request)
    waiting = await eventually(lambda: media.service.tasks.get(started.id), lambda task: bool(task.errors))
    assert (TaskState.RUNNING, "StoreRefuses") == (waiting.state, waiting.errors[0].error_type)
    await media.service.jobs.cancel(started.id)
    ended = await media.service.wait(started.id)
    media.objects.faults.refuses_everybody = False
    return ended


async def swept(media: MediaService) -> ScratchSwept:
    """Run the sweep once, as its schedule does."""
    return await media.service.temporal_client.execute_workflow(
        SweepScratchWorkflow.run,
        SweepScratch(),
        id="sweep-scratch",
        task_queue=media.service.settings.task_queue,
    )


def began_at(task: Task) -> dict[str, datetime]:
    """Return when each step of a flow began."""
    return {
        name: datetime.fromisoformat(step["started_at"])
        for name, step in (task.result or {})["steps"].items()
    }


async def until_ffmpegs(media: MediaService, target: str = "") -> list[int]:
    """Wait until there are such processes."""
    while not (running := ffmpegs(media, target)):  # noqa: ASYNC110  # polled
        await asyncio.sleep(0.03)
    return running


def ffmpegs(media: MediaService, target: str = "") -> list[int]:
    """Return the processes that work in this test's scratch folder, on this file."""
    found = subprocess.run(
        ["pgrep", "-f", f"{media.service.settings.resolved_scratch_dir}.*{target}"],
        check=False,
        capture_output=True,
        text=True,
    )
    return [int(line) for line in found.stdout.split()]
