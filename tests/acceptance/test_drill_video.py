"""The worker and its ffmpeg are killed with signal 9 during a video's steps."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from mainspring.client.jobs import Jobs
from mainspring.config.settings import Settings
from mainspring.contracts.flows import FlowResult, StepStatus
from mainspring.contracts.media import ProcessVideo, VideoManifest, VideoProfile
from mainspring.contracts.tasks import TaskState
from mainspring.emulators.clips import Clip, decoded_frames
from mainspring.emulators.objects import ObjectFault, ObjectStoreEmulator
from mainspring.emulators.videos import VideoServerEmulator
from mainspring.workflows.media import PROCESS_VIDEO
from tests.acceptance.drill_processes import WorkerProcess
from tests.acceptance.drill_site import drill_site

STEPS = (
    "download",
    "probe",
    "transcode-480p",
    "transcode-hls",
    "poster",
    "upload",
    "publish",
    "clean",
)
PATIENCE_SECONDS = 90
GOES_ON_WITHIN_SECONDS = 15
# How long ffmpeg may outlive its worker, which its watchdog notices at once: time for a busy machine.
FFMPEG_GONE_WITHIN_SECONDS = 5
POLL_SECONDS = 0.002  # most steps last a moment only
POLL_OF_TRANSCODES_SECONDS = 0.02

# So much is on the disk that its removal takes a moment, in which the worker can be killed.
LITTER = 20_000


@dataclass
class VideoDrill:
    """An installation whose worker is a process of its own, with an object store and a web server."""

    settings: Settings
    worker: WorkerProcess
    jobs: Jobs
    videos: VideoServerEmulator
    objects: ObjectStoreEmulator

    async def process(self, destination: str) -> UUID:
        """Start the processing of the clip."""
        request = ProcessVideo(
            source=self.videos.url("clip.mp4"),
            destination=destination,
            profiles=(VideoProfile.P480, VideoProfile.HLS),
        )
        return (await self.jobs.start(PROCESS_VIDEO, request)).id

    async def until_running(self, task_id: UUID, step: str) -> dict[str, int]:
        """Wait until a step runs; return how often each step that is complete by then was begun."""
        poll = POLL_OF_TRANSCODES_SECONDS if step.startswith("transcode") else POLL_SECONDS
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                steps = {each.step: each for each in await self.jobs.tasks.steps(task_id)}
                if step in steps and steps[step].status is StepStatus.RUNNING:
                    done = [each for each in steps.values() if each.status is StepStatus.COMPLETED]
                    return {each.step: each.attempts for each in done}
                self.worker.check()
                await asyncio.sleep(poll)

    async def until_begun_again(self, task_id: UUID, step: str) -> None:
        """Wait until a step has its second attempt, or is complete."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                steps = {each.step: each for each in await self.jobs.tasks.steps(task_id)}
                if steps[step].attempts > 1 or steps[step].status is StepStatus.COMPLETED:
                    return
                await asyncio.sleep(POLL_OF_TRANSCODES_SECONDS)

    async def ended(self, task_id: UUID) -> FlowResult:
        """Wait for the end, which is to be SUCCESS."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (task := await self.jobs.tasks.get(task_id)).state.is_final:
                self.worker.check()
                await asyncio.sleep(0.05)
        assert TaskState.SUCCESS is task.state, task.errors
        assert 100 == task.progress
        return FlowResult.model_validate(task.result)

    async def until_no_ffmpeg(self) -> None:
        """Wait until nobody works in the scratch folder, while there is no worker."""
        async with asyncio.timeout(FFMPEG_GONE_WITHIN_SECONDS):
            while self.ffmpegs():  # noqa: ASYNC110  # another process sets no event here
                await asyncio.sleep(POLL_OF_TRANSCODES_SECONDS)

    def ffmpegs(self) -> str:
        """Return the processes that work in the scratch folder."""
        command = ["pgrep", "-f", str(self.settings.resolved_scratch_dir)]
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout


@pytest.fixture
async def drill(tmp_path: Path) -> AsyncIterator[VideoDrill]:
    """Run an installation with a served clip of 20 seconds."""
    async with video_drill(tmp_path) as drill:
        yield drill


@asynccontextmanager
async def video_drill(folder: Path) -> AsyncIterator[VideoDrill]:
    """Run everything until the block ends."""
    served = folder / "served"
    served.mkdir()
    Clip(seconds=20, width=854, height=480, rate=10).write(served / "clip.mp4")
    settings = Settings(state_dir=folder)
    async with AsyncExitStack() as stack:
        videos = await stack.enter_async_context(VideoServerEmulator(served))
        objects = await stack.enter_async_context(ObjectStoreEmulator())
        site = await stack.enter_async_context(
            drill_site(
                settings,
                MAINSPRING_MEDIA_STORE_URL="s3://media",
                MAINSPRING_MEDIA_S3_ENDPOINT=objects.endpoint,
                MAINSPRING_MEDIA_S3_ACCESS_KEY=objects.access_key,
                MAINSPRING_MEDIA_S3_SECRET_KEY="secret",
                MAINSPRING_MEDIA_ALLOW_PRIVATE="true",
            )
        )
        site.worker.start()
        await site.worker.ready()
        yield VideoDrill(settings, site.worker, site.jobs, videos, objects)


def slow_down(drill: VideoDrill, step: str) -> None:
    """Let a step that is over in a moment last a little longer."""
    drill.videos.seconds_a_chunk = 0.05 if step == "download" else 0
    drill.objects.faults.slow_seconds = 1.0
    if step == "upload":
        drill.objects.faults.next(ObjectFault.SLOW, 3)
    if step == "publish":
        drill.objects.faults.next(ObjectFault.SLOW, method="GET")


async def kill_during(drill: VideoDrill, step: str) -> None:
    """Kill during one step of one video, and see that all is well in the end."""
    destination = f"videos/{step}"
    slow_down(drill, step)
    task_id = await drill.process(destination)
    if step == "clean":
        # Some seconds before its turn: on a busy machine so many files take longer than an upload.
        await drill.until_running(task_id, "transcode-480p")
        bench = next(drill.settings.resolved_scratch_dir.iterdir())
        for number in range(LITTER):
            (bench / f"litter-{number}").touch()
    complete_before = await drill.until_running(task_id, step)

    drill.worker.kill()
    killed = time.monotonic()
    await drill.until_no_ffmpeg()
    drill.worker.start()
    await drill.until_begun_again(task_id, step)
    recovery = time.monotonic() - killed
    result = await drill.ended(task_id)

    attempts = {name: each.attempts for name, each in result.steps.items()}
    print(f"killed during {step}: on again after {recovery:.1f} s, attempts {attempts}")  # noqa: T201  # figures
    assert complete_before == {name: attempts[name] for name in complete_before}
    assert {1} == set(complete_before.values()) or not complete_before
    assert 2 == attempts[step]
    assert recovery <= GOES_ON_WITHIN_SECONDS
    check_published(drill, destination)


def check_published(drill: VideoDrill, destination: str) -> None:
    """See that one version is published, once, that it plays, and that nothing is left on the disk."""
    bucket = drill.objects.bucket("media")
    key = f"{destination}/manifest.json"
    manifest = VideoManifest.model_validate_json(bucket.objects[key].content)
    assert 1 == bucket.writes[key]
    assert {key} == {each for each, _ in bucket.under(destination)} - {
        each for each, _ in bucket.under(f"{manifest.prefix}/")
    }
    film = drill.settings.state_dir / "film.mp4"
    film.write_bytes(bucket.objects[f"{manifest.prefix}/{manifest.profiles[VideoProfile.P480]}"].content)
    assert 200 == decoded_frames(film)
    assert [] == list(drill.settings.resolved_scratch_dir.iterdir())


async def test_a_worker_killed_while_it_transcodes_goes_on_with_what_is_missing(drill: VideoDrill) -> None:
    """No ffmpeg outlives it; the flow ends SUCCESS, and finished steps are not run again."""
    await kill_during(drill, "transcode-480p")


@pytest.mark.drill
@pytest.mark.timeout(900)
async def test_a_worker_killed_during_each_step_in_turn_loses_and_repeats_nothing(drill: VideoDrill) -> None:
    """Whatever it was about: one published version, nothing left behind, finished steps begun once."""
    for step in STEPS:
        await kill_during(drill, step)
