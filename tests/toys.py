"""Toy jobs with a worker of their own: what repeats and later starts do is tried on them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    # The test's own process: it has to see what the activity was given.
    from mainspring.activities.runtime.interceptor import ActivityCare
    from mainspring.activities.runtime.queue import QueueSizes
    from mainspring.activities.tasks import TaskActivities
    from mainspring.client.jobs import Jobs
    from mainspring.gateways.temporal import TemporalGateway
    from mainspring.testing.service import PATIENCE
    from mainspring.worker import STICKY_TIMEOUT
    from mainspring.workflows.runtime.job import Debounce, Deduplicate, Job, Throttle
    from mainspring.workflows.runtime.sandbox import workflow_runner
    from mainspring.workflows.runtime.tracking import tracked
    from tests.service import Service

from mainspring.contracts.message import Message

QUEUE = "toys"


class UpdateProduct(Message):
    """A product was changed for the so many-th time; its description has so many bytes in each language."""

    product: str = "shoe"
    version: int
    description: int = 0
    languages: int = 1


class ProductUpdated(Message):
    """The version that was worked on, and the priority that the activity had."""

    version: int
    priority: int | None
    turn: str | None
    description: str = ""


class ProductActivities:
    """Writes down what it is given; while `gate` is closed, it does not come to its end."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    @activity.defn(name="toys.update_product")
    async def update_product(self, request: UpdateProduct) -> ProductUpdated:
        """Write the version down."""
        self.seen.append(request.version)
        await self.gate.wait()
        priority = activity.info().priority
        return ProductUpdated(
            version=request.version,
            priority=priority.priority_key,
            turn=priority.fairness_key,
            description="x" * request.description,
        )


@workflow.defn(name="update-product")
class UpdateProductWorkflow:
    """Works on a product."""

    @workflow.run
    @tracked
    async def run(self, request: UpdateProduct) -> ProductUpdated:
        """Write the version down."""
        updated = await workflow.execute_activity_method(
            ProductActivities.update_product, request, start_to_close_timeout=timedelta(seconds=30)
        )
        return updated.model_copy(update={"description": updated.description * request.languages})


UPDATE_PRODUCT = Job(
    name="update-product",
    run=UpdateProductWorkflow.run,
    input=UpdateProduct,
    result=ProductUpdated,
    key=lambda request: request.product,
    fairness_key=lambda request: f"shop-of-{request.product}",
    summary="A toy.",
)


def update_product(repeats: Deduplicate | Debounce | Throttle) -> Job[UpdateProduct, ProductUpdated]:
    """Return the toy job with what a second start of a product does."""
    return replace(UPDATE_PRODUCT, repeats=repeats)


class Toys:
    """The toy jobs' side of a service: a queue of their own, and what was worked on."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.products = ProductActivities()
        self.temporal = TemporalGateway(service.temporal_client, QUEUE, patience=PATIENCE)
        self.jobs = Jobs(service.database, self.temporal, service.clock)
        self.ledger = TaskActivities(service.database, self.temporal, service.clock, QueueSizes({}))

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """Run a worker until the block ends."""
        ledger = self.ledger
        async with Worker(
            self.service.temporal_client,
            task_queue=QUEUE,
            workflows=[UpdateProductWorkflow],
            activities=[ledger.begin, ledger.finish, self.products.update_product],
            interceptors=[ActivityCare(self.service.database, self.service.clock)],
            workflow_runner=workflow_runner(),
            sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
            graceful_shutdown_timeout=timedelta(seconds=1),
            # An activity that Temporal hands over with the workflow task is not told its priority.
            disable_eager_activity_execution=True,
        ):
            yield
