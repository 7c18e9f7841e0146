"""What keeps every task from going on."""

from temporalio.client import Client

from mainspring.client.tasks.availability import ENGINE_AWAY, NO_WORKER, availability
from mainspring.gateways.temporal import TemporalGateway
from mainspring.testing.eventually import eventually
from tests.service import Service


async def test_a_worker_that_asks_for_work_hinders_nothing(service: Service) -> None:
    """All is well: nothing is said, once it has asked for the first time."""
    await eventually(lambda: availability(service.temporal), lambda said: said is None)


async def test_a_missing_worker_is_said(workerless: Service) -> None:
    """A task that says RUNNING does not go on."""
    assert NO_WORKER == await availability(workerless.temporal)


async def test_an_engine_that_is_away_is_said() -> None:
    """Whoever looks need not guess why nothing moves."""
    away = TemporalGateway(await Client.connect("127.0.0.1:1", lazy=True), "mainspring")
    assert ENGINE_AWAY == await availability(away)
