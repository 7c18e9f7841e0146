import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleSpec,
)

from mainspring.config.connect import connect
from mainspring.config.settings import Settings
from mainspring.devserver import (
    AlreadyRunning,
    EmbeddedTemporal,
    PortTaken,
    TemporalGaveUp,
    TemporalNotStarted,
    running_temporal,
)
from mainspring.devserver.command import DATABASE_FILE

OWNER = """
import asyncio, json, sys
from pathlib import Path
from mainspring.devserver import EmbeddedTemporal

async def main():
    async with EmbeddedTemporal(Path(sys.argv[1]), port=0, ui_port=0) as engine:
        print(json.dumps({"server": engine.server_pid, "address": engine.address}), flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""


@contextmanager
def owner_process(state_dir: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run a Temporal server whose owner is a process of its own."""
    command = [sys.executable, "-c", OWNER, str(state_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        try:
            yield owner, json.loads(owner.stdout.readline())
        finally:
            owner.kill()


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but was not waited for does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(state.stdout.strip()) and not state.stdout.strip().startswith("Z")


def seconds_until_gone(pid: int, limit: float) -> float:
    """Wait until the process has ended, at most `limit` seconds."""
    began = time.monotonic()
    while is_alive(pid) and time.monotonic() - began < limit:
        time.sleep(0.1)
    return time.monotonic() - began


def parent_of(pid: int) -> int:
    """Find the process that started another."""
    shown = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(shown.stdout)


async def until_replaced(temporal: EmbeddedTemporal, killed: int) -> None:
    """Wait until Temporal has started another server."""
    async with asyncio.timeout(20):
        while temporal.server_pid == killed:  # noqa: ASYNC110  # the supervisor announces nothing
            await asyncio.sleep(0.05)


def shrinks(file: Path) -> bool:
    """Whether a database file gives back what is deleted from it."""
    with closing(sqlite3.connect(file)) as connection:
        return bool(connection.execute("PRAGMA auto_vacuum").fetchone()[0])


async def test_it_serves_on_free_ports_and_says_where_until_it_stops(tmp_path: Path) -> None:
    """Port 0 needs no agreement with anyone; a client finds Temporal by its state directory alone."""
    async with EmbeddedTemporal(tmp_path, port=0, ui_port=0) as temporal:
        found = running_temporal(tmp_path)
        assert found is not None
        assert (temporal.address, temporal.ui_url, os.getpid()) == (found.address, found.ui_url, found.pid)
        client = await connect(Settings(state_dir=tmp_path))
        assert temporal.address == client.service_client.config.target_host
        assert await client.service_client.check_health()
        assert shrinks(tmp_path / DATABASE_FILE)
        # Ctrl-C in the terminal does not reach it: the worker can still finish its work.
        assert os.getpgid(temporal.server_pid) != os.getpgid(0)
        server = temporal.server_pid
    assert running_temporal(tmp_path) is None
    assert not is_alive(server)


async def test_two_engines_run_side_by_side(tmp_path: Path) -> None:
    """State directories are independent; no port of one collides with one of the other."""
    first = EmbeddedTemporal(tmp_path / "first", port=0, ui_port=0)
    second = EmbeddedTemporal(tmp_path / "second", port=0, ui_port=0)
    await asyncio.gather(first.__aenter__(), second.__aenter__())
    assert first.address != second.address
    await asyncio.gather(first.__aexit__(None, None, None), second.__aexit__(None, None, None))


async def test_a_taken_port_is_named_with_the_setting_that_chooses_another(tmp_path: Path) -> None:
    """The message says what to change; nothing was started."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            async with EmbeddedTemporal(tmp_path, port=0, ui_port=port):
                pass
    assert (port, "MAINSPRING_UI_PORT") == (caught.value.port, caught.value.variable)
    assert not (tmp_path / "temporal.log").exists()


async def test_a_second_start_is_refused_and_the_engine_is_gone_seconds_after_its_owner(
    tmp_path: Path,
) -> None:
    """Two engines never share one state directory, and none goes on consuming the machine unseen."""
    with owner_process(tmp_path) as (owner, temporal):
        with pytest.raises(AlreadyRunning) as caught:
            async with EmbeddedTemporal(tmp_path, port=0, ui_port=0):
                pass
        assert caught.value.running is not None
        assert (owner.pid, temporal["address"]) == (caught.value.running.pid, caught.value.running.address)
        owner.kill()
        assert seconds_until_gone(temporal["server"], limit=10) < 5


async def test_the_engine_ends_with_an_owner_that_is_killed_and_can_start_again(tmp_path: Path) -> None:
    """Kill -9 leaves no orphan, and no file that stands in the way of the next start."""
    with owner_process(tmp_path) as (owner, temporal):
        assert is_alive(temporal["server"])
        owner.kill()
        owner.wait()
        # At once, while the former server may still be ending.
        async with EmbeddedTemporal(tmp_path, port=0, ui_port=0) as next_engine:
            assert not is_alive(temporal["server"])
            assert is_alive(next_engine.server_pid)


async def test_a_killed_server_is_back_with_its_workflows_and_schedules(tmp_path: Path) -> None:
    """The crash of Temporal costs seconds and loses nothing."""
    async with EmbeddedTemporal(tmp_path, port=0, ui_port=0) as temporal:
        client = await Client.connect(temporal.address)
        started = await client.start_workflow("any", id="kept", task_queue="nobody")
        await client.create_schedule("kept", hourly("any"))
        killed = temporal.server_pid
        os.kill(killed, signal.SIGKILL)
        await until_replaced(temporal, killed)
        async with asyncio.timeout(20):
            described = await client.get_workflow_handle("kept").describe()
            schedule = await client.get_schedule_handle("kept").describe()
        assert started.result_run_id == described.run_id
        assert "kept" == schedule.id


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the owner ends it, which is slower to observe")
async def test_no_server_outlives_its_watchdog(tmp_path: Path) -> None:
    """Even a watchdog that is killed takes the server with it, and both are started again."""
    async with EmbeddedTemporal(tmp_path, port=0, ui_port=0) as temporal:
        killed = temporal.server_pid
        os.kill(parent_of(killed), signal.SIGKILL)
        await until_replaced(temporal, killed)
        assert not is_alive(killed)


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The reason is in the error, not only in a file."""
    with pytest.raises(TemporalNotStarted) as caught:
        async with EmbeddedTemporal(tmp_path, port=0, ui_port=0, dynamic_config={"key": "not JSON"}):
            pass
    assert "invalid JSON" in caught.value.log_tail
    assert running_temporal(tmp_path) is None


@pytest.mark.drill
async def test_an_engine_that_cannot_be_kept_alive_is_given_up(tmp_path: Path) -> None:
    """The service ends with a reason rather than trying for ever."""
    async with EmbeddedTemporal(tmp_path, port=0, ui_port=0) as temporal:
        host, port = temporal.address.split(":")
        os.kill(temporal.server_pid, signal.SIGKILL)
        with occupied(host, int(port)), pytest.raises(TemporalGaveUp):
            await temporal.watch()


@contextmanager
def occupied(host: str, port: int) -> Iterator[None]:
    """Hold a port as soon as its present user lets it go."""
    with suppress(OSError):
        while True:
            socket.create_connection((host, port)).close()
    with socket.create_server((host, port)):
        yield


def hourly(workflow: str) -> Schedule:
    """Make a schedule that does not fire while the test lasts."""
    return Schedule(
        action=ScheduleActionStartWorkflow(workflow, id=f"{workflow}-hourly", task_queue="nobody"),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))]),
    )
