"""Whose film is transferred next, by a Temporal whose fairness keys take turns, as the shipped ones' do."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.client import Client

from mainspring.client.service import service_of
from mainspring.contracts.media import ProcessVideo
from mainspring.devserver.command import DYNAMIC_CONFIG
from mainspring.emulators.videos import VideoFault
from mainspring.storage.database import Database
from mainspring.testing.eventually import eventually
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from mainspring.workflows.media import PROCESS_VIDEO
from tests.media import MediaService, media_service

FAIR = "matching.enableFairness"
FILMS = [f"film-{number}" for number in range(5)]


@pytest.fixture
async def media(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[MediaService]:
    """Give a service whose worker has a single slot for transfers."""
    fair = {FAIR.replace(".", "__"): DYNAMIC_CONFIG[FAIR]}
    async with temporal_server_process(worker__perNamespaceWorkerCount="0", **fair) as address:
        client = await own_namespace(address)
        async with media_service(client, sqlite_database, tmp_path, media_transfers=1) as media:
            yield media


async def test_many_films_of_one_workspace_do_not_hold_up_a_film_of_another(media: MediaService) -> None:
    """At most one film that waits for the single slot goes first; a second attempt has no better turn."""
    client = media.service.temporal_client
    media.videos.seconds_a_chunk = 0.1
    media.videos.next(VideoFault.AWAY, VideoFault.AWAY)
    async with media.service.worker():
        await start(media, "many", *FILMS)
        await eventually(lambda: attempts_due(client), lambda attempts: attempts == len(FILMS) + 2)
        await start(media, "few", "other")
        await eventually(lambda: attempts_due(client), lambda attempts: attempts == len(FILMS) + 3)
        media.videos.seconds_a_chunk = 0.0
        order = await eventually(lambda: asked(media), lambda names: "other" in names)

    # The first film had the slot when the other one came.
    assert order.index("other") <= 2, order


async def start(media: MediaService, workspace: str, *names: str) -> None:
    """Start films of a workspace, whose sources take some seconds as long as the web server is slow."""
    service = media.service
    jobs = service_of(
        service.settings, service.database, service.temporal_client, service.clock, workspace=workspace
    ).jobs
    for name in names:
        (media.folder / name).write_bytes(bytes(2_000_000))
        await jobs.start(PROCESS_VIDEO, ProcessVideo(source=media.videos.url(name), destination=name))


async def asked(media: MediaService) -> list[str]:
    """Return the films whose sources were asked for, in this order."""
    return [request.path.lstrip("/") for request in media.videos.asked]


async def attempts_due(client: Client) -> int:
    """Return the attempts of all downloads that wait for the slot or have it: a second attempt counts two."""
    found = [workflow async for workflow in client.list_workflows("ExecutionStatus = 'Running'")]
    described = [await client.get_workflow_handle(each.id).describe() for each in found]
    now = datetime.now(UTC)
    return sum(
        download.attempt
        for each in described
        for download in each.raw_description.pending_activities
        if download.next_attempt_schedule_time.ToDatetime(UTC) <= now  # 1970 when nothing is waited for
    )
