"""What record.py records of flows, pools and media."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mainspring.client.webhooks import WebhookSubscriptions
from mainspring.config.secrets import encryption_key
from mainspring.contracts.flows import RunFlow
from mainspring.contracts.media import ProcessVideo, SweepScratch
from mainspring.contracts.tasks import TaskState
from mainspring.domain.queues import consumer_of
from mainspring.emulators.clips import Clip
from mainspring.emulators.justtcg.catalogue import GAME_ID
from mainspring.emulators.webhooks import WebhookEmulator
from mainspring.storage.secrets import SecretBox
from mainspring.workflows.media import PROCESS_VIDEO, SweepScratchWorkflow
from mainspring.workflows.run_flow import RUN_FLOW
from mainspring.workflows.webhooks import DELIVER
from tests.deliveries import made_up_delivery
from tests.histories.runs import Handle
from tests.service import Service


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """Give the folder that films come from."""
    films = folder / "films"
    films.mkdir()
    yield {"media_source_dir": films}


async def composed(service: Service) -> Handle:
    """Let one card job follow another, and a third be skipped because of a bad key."""
    account = await service.add_account(games=[GAME_ID])
    revoked = await service.add_account("revoked", inventory=service.justtcg.variant_ids[:10])
    await service.accounts.set_api_key("revoked", "revoked")
    steps = [
        {"name": "sets", "job": "discover-sets", "input": {"account_id": str(account)}},
        {
            "name": "cards",
            "job": "sync-tracked-sets",
            "input": {"account_id": str(account)},
            "needs": ["sets"],
        },
        {"name": "prices", "job": "update-inventory-prices", "input": {"account_id": str(revoked)}},
        {
            "name": "again",
            "job": "discover-sets",
            "input": {"account_id": str(account)},
            "needs": ["prices"],
        },
    ]
    started = await service.jobs.start(RUN_FLOW, RunFlow.model_validate({"steps": steps}))
    task = await service.wait(started.id)
    assert TaskState.FAILED == task.state
    return service.temporal_client.get_workflow_handle(task.workflow_id)


async def processed(service: Service) -> Handle:
    """Make a small clip fit to be shown."""
    folder = service.settings.media_source_dir
    assert folder is not None
    clip = Clip(seconds=1, width=160, height=120).write(folder / "clip.mp4")
    given = ProcessVideo.model_validate({"source": clip.as_uri(), "destination": "videos/1"})
    started = await service.jobs.start(PROCESS_VIDEO, given)
    task = await service.wait(started.id)
    assert TaskState.SUCCESS == task.state, task.errors
    return service.temporal_client.get_workflow_handle(task.workflow_id)


async def swept(service: Service) -> Handle:
    """Let a sweep of scratch find nothing."""
    await service.temporal_client.execute_workflow(
        SweepScratchWorkflow.run,
        SweepScratch(),
        id="sweep-scratch",
        task_queue=service.settings.task_queue,
    )
    return service.temporal_client.get_workflow_handle("sweep-scratch")


async def delivered(service: Service) -> Handle:
    """Deliver a few webhooks."""
    box = SecretBox(encryption_key(service.settings))
    subscriptions = WebhookSubscriptions(service.database, box, service.clock, allow_private=True)
    async with WebhookEmulator() as receivers:
        added = await subscriptions.add(receivers.url("shop"))
        receivers.receivers["shop"].secret = added.secret
        told = [made_up_delivery(added.subscription.id, number) for number in range(3)]
        for started in await service.jobs.start_many(DELIVER, told):
            await service.wait(started.id)
        handle = service.temporal_client.get_workflow_handle(consumer_of(DELIVER.name))
        await handle.result()
    return handle


RECORDINGS = {
    "run-flow.failure": composed,
    "process-video.success": processed,
    "sweep-scratch.success": swept,
    "deliver-webhook.success": delivered,
}
