"""The media job: a video is fetched, made into profiles and a poster, uploaded and published."""

from datetime import timedelta

from temporalio import workflow
from temporalio.workflow import ActivityConfig

from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.flow import Flow, Results, Step, run_flow
from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.schedule import Every, Schedule
from mainspring.workflows.runtime.tracking import tracked

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.media import MediaActivities

from mainspring.contracts.flows import FlowResult
from mainspring.contracts.media import (
    CleanScratch,
    DownloadVideo,
    MakePoster,
    MakeRendition,
    ProbeVideo,
    ProcessVideo,
    PublishVideo,
    ScratchSwept,
    SweepScratch,
    UploadVideo,
    VideoProfile,
)
from mainspring.domain.queues import Role


@workflow.defn(name="process-video")
class ProcessVideoWorkflow:
    """Makes a video fit to be shown."""

    @workflow.run
    @tracked
    async def run(self, request: ProcessVideo) -> FlowResult:
        """Run the steps that the wanted profiles need."""
        return await run_flow(video_flow(request), request)


@workflow.defn(name="sweep-scratch")
class SweepScratchWorkflow:
    """Frees the disk of what nobody will go on with."""

    @workflow.run
    async def run(self, request: SweepScratch) -> ScratchSwept:
        """Sweep once."""
        return await workflow.execute_activity_method(MediaActivities.sweep, request, **options.BATCH)


def video_flow(request: ProcessVideo) -> Flow:
    """Return the graph: one step for each profile, all between the probe and the upload.

    The weights are about the seconds that each takes of ten for a profile.
    """
    encoding = options.on_queue_of(Role.ENCODING, options.TRANSCODE)
    fetching = options.on_queue_of(Role.TRANSFERS, options.STEP)
    # Either makes anew, with ffmpeg, what it does not find.
    storing = options.on_queue_of(Role.TRANSFERS, options.TRANSCODE)
    renditions = [_rendition(profile, encoding) for profile in _profiles(request)]
    made = ("poster", *(step.name for step in renditions))
    return Flow(
        steps=(
            Step("download", MediaActivities.download, input=_download, weight=3, options=fetching),
            Step("probe", MediaActivities.probe, input=_probe, needs=("download",), options=encoding),
            *renditions,
            Step("poster", MediaActivities.make_poster, input=_poster, needs=("probe",), options=encoding),
            Step("upload", MediaActivities.upload, input=_upload, needs=made, weight=3, options=storing),
            Step("publish", MediaActivities.publish, input=_publish, needs=("upload",), options=storing),
            Step("clean", MediaActivities.clean, input=_clean, needs=("publish",)),
        )
    )


def _profiles(request: ProcessVideo) -> tuple[VideoProfile, ...]:
    return tuple(dict.fromkeys(request.profiles))


def _rendition(profile: VideoProfile, encoding: ActivityConfig) -> Step:
    def message(request: ProcessVideo, _results: Results) -> MakeRendition:
        return MakeRendition(source=request.source, profile=profile)

    return Step(
        f"transcode-{profile}",
        MediaActivities.make_rendition,
        input=message,
        needs=("probe",),
        weight=10,
        options=encoding,
    )


def _download(request: ProcessVideo, _results: Results) -> DownloadVideo:
    return DownloadVideo(source=request.source)


def _probe(request: ProcessVideo, _results: Results) -> ProbeVideo:
    return ProbeVideo(source=request.source)


def _poster(request: ProcessVideo, _results: Results) -> MakePoster:
    return MakePoster(source=request.source)


def _upload(request: ProcessVideo, _results: Results) -> UploadVideo:
    return UploadVideo(source=request.source, destination=request.destination, profiles=_profiles(request))


def _publish(request: ProcessVideo, results: Results) -> PublishVideo:
    return PublishVideo(
        source=request.source,
        destination=request.destination,
        profiles=_profiles(request),
        uploaded=results["upload"],
        duration_seconds=results["probe"].duration_seconds,
    )


def _clean(_request: ProcessVideo, results: Results) -> CleanScratch:
    return CleanScratch(prefix=results["upload"].prefix)


PROCESS_VIDEO = Job(
    name="process-video",
    run=ProcessVideoWorkflow.run,
    input=ProcessVideo,
    result=FlowResult,
    key=lambda request: request.destination,
    key_says="destination",
    summary="Fetch a video, and publish streaming profiles and a poster of it.",
)

SWEEP_SCRATCH = Job(
    name="sweep-scratch",
    run=SweepScratchWorkflow.run,
    input=SweepScratch,
    result=ScratchSwept,
    is_internal=True,
    summary="Remove from the disk what failed videos have left and nobody has retried for a week.",
    schedule=Schedule(Every(timedelta(days=1)), timeout=timedelta(hours=2)),
)

JOBS: tuple[AnyJob, ...] = (PROCESS_VIDEO, SWEEP_SCRATCH)
