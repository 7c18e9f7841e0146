"""A worker that starts before what it needs is there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from temporalio.client import Client

from mainspring.config.connect import TemporalUnreachable
from mainspring.config.settings import Settings
from mainspring.config.waiting import connected
from mainspring.testing.eventually import eventually
from mainspring.worker import serve


@contextlib.asynccontextmanager
async def passed_on(port: int, address: str) -> AsyncIterator[None]:
    """Let connections to a port reach an address."""
    host, _, there = address.rpartition(":")

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65_536):
                target.write(data)
        target.close()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(host, int(there))
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    server = await asyncio.start_server(serve_one, "127.0.0.1", port)
    yield
    server.close()


async def seen(found: Callable[[], bool]) -> None:
    """Wait until something holds."""
    await eventually(lambda: asyncio.sleep(0, found()), bool)


async def test_a_worker_waits_for_the_database_and_says_so(temporal_client: Client, tmp_path: Path) -> None:
    """Its folder comes later, as a disk that is mounted does; then the worker works."""
    url = f"sqlite+aiosqlite:///{tmp_path}/later/mainspring.db"
    settings, stop = Settings(state_dir=tmp_path, database_url=url), asyncio.Event()
    with capture_logs() as logs:
        serving = asyncio.create_task(serve(settings, temporal_client, stop))
        await seen(lambda: serving.done() or any(each["event"] == "waiting" for each in logs))
        assert not serving.done(), serving.exception()
        (tmp_path / "later").mkdir()
        await seen(lambda: serving.done() or any(each["event"] == "worker ready" for each in logs))
        stop.set()
        await serving

    assert {"the database"} == {each["until_there"] for each in logs if each["event"] == "waiting"}


async def test_a_worker_that_waits_can_be_told_to_stop(temporal_client: Client, tmp_path: Path) -> None:
    """It ends, and has done nothing."""
    url, stop = f"sqlite+aiosqlite:///{tmp_path}/never/mainspring.db", asyncio.Event()
    asyncio.get_running_loop().call_later(0.5, stop.set)
    await serve(Settings(state_dir=tmp_path, database_url=url), temporal_client, stop)


async def test_a_worker_waits_for_temporal(
    temporal_client: Client,
    tmp_path: Path,
    unused_tcp_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It connects once somebody answers; an address that leads nowhere is an error at once."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{unused_tcp_port}")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", temporal_client.namespace)
    settings, stop = Settings(state_dir=tmp_path), asyncio.Event()
    with capture_logs() as logs:
        connecting = asyncio.create_task(connected(settings, stop))
        await seen(lambda: connecting.done() or bool(logs))
        async with passed_on(unused_tcp_port, temporal_client.service_client.config.target_host):
            client = await connecting
            assert client is not None
            assert temporal_client.namespace == client.namespace
            await client.count_workflows()

    assert {("waiting", "Temporal")} == {(each["event"], each["until_there"]) for each in logs}
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:70000")
    with pytest.raises(TemporalUnreachable):
        await connected(settings, stop)
