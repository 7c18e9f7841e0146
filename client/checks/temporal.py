"""Checks of Temporal: does it answer, is there a worker, are the schedules there."""

from collections.abc import AsyncIterator

from mainspring.client.checks.findings import Finding
from mainspring.client.schedules import SCHEDULES, Schedules
from mainspring.config.connect import TemporalUnreachable, connect, connect_config
from mainspring.config.health import recent_workers
from mainspring.config.settings import Settings
from mainspring.gateways.temporal import TemporalGateway


async def check_temporal(settings: Settings) -> AsyncIterator[Finding]:
    """Check Temporal, and if it answers, the workers on the task queue and the schedules."""
    try:
        address = connect_config(settings).get("target_host", "")
        client = await connect(settings)
    except TemporalUnreachable as error:
        reason = str(error).partition(";")[0]
        yield Finding("Temporal", reason, "run `mainspring up`, or correct TEMPORAL_ADDRESS")
        return
    yield Finding("Temporal", f"{address}, namespace {client.namespace}")
    workers = len(await recent_workers(TemporalGateway(client, settings.task_queue)))
    remedy = "" if workers else "run `mainspring worker` (or `mainspring up`)"
    yield Finding("worker", f"{workers} on task queue {settings.task_queue}", remedy)
    schedules = await Schedules(client, settings).list()
    remedy = "" if len(schedules) == len(SCHEDULES) else "run `mainspring schedules sync`"
    yield Finding("schedules", f"{len(schedules)} of {len(SCHEDULES)}", remedy)
    for each in schedules:
        if each.pause is not None:
            yield Finding(
                "paused schedule",
                f"{each.id}: {each.note or 'no reason is given'}",
                f"`schedules resume {each.id}` lets it run",
                is_notice=True,
            )
