"""What every drill stands on: Temporal and a worker, processes of their own, and a database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import exists, select

from mainspring.client.jobs import Jobs
from mainspring.config.settings import Settings
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.migrate import upgrade
from mainspring.storage.tables import TaskRow
from mainspring.testing.service import PATIENCE
from tests.acceptance.drill_processes import TemporalServer, WorkerProcess


@dataclass(frozen=True)
class DrillSite:
    """What runs. The worker is started by the drill, once it is ready for it."""

    database: Database
    temporal_client: TemporalServer
    worker: WorkerProcess
    jobs: Jobs


@asynccontextmanager
async def drill_site(settings: Settings, **variables: str) -> AsyncIterator[DrillSite]:
    """Run one in the state directory until the block ends; `variables` are the worker's, beside the usual."""
    async with AsyncExitStack() as stack:
        database = Database(settings.resolved_database_url)
        stack.push_async_callback(database.dispose)
        await upgrade(database)
        temporal_client = TemporalServer(settings.state_dir)
        stack.push_async_callback(temporal_client.end)
        await temporal_client.start()
        usual = {
            "TEMPORAL_ADDRESS": temporal_client.address,
            "MAINSPRING_STATE_DIR": str(settings.state_dir),
            "MAINSPRING_DATABASE_URL": settings.resolved_database_url,
            "MAINSPRING_TASK_QUEUE": settings.task_queue,
        }
        worker = WorkerProcess(settings.state_dir, usual | variables)
        stack.callback(worker.kill)
        jobs = Jobs(
            database,
            TemporalGateway(temporal_client.client, settings.task_queue, patience=PATIENCE),
            SystemClock(),
        )
        yield DrillSite(database, temporal_client, worker, jobs)


async def is_anything_active(session: Session) -> bool:
    """Whether a task has not ended."""
    active = select(exists().where(TaskRow.finished_at.is_(None)))
    return bool(await session.scalar(active))
