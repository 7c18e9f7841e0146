"""`mainspring up`: starting, being found, and leaving nothing behind."""

import os
import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mainspring.client.temporary_keys import LASTS
from mainspring.contracts.tasks import TaskState
from tests.acceptance.command_line import CommandLine, processes_about
from tests.acceptance.running_service import RunningService, running_service

# The watchdog ends Temporal's server within its grace of three seconds.
GONE_WITHIN_SECONDS = 5


def seconds_until_nothing_is_about(folder: Path) -> float:
    """Wait until no process names the folder any more, twice as long as it may take."""
    began = time.monotonic()
    while processes_about(folder) and time.monotonic() - began < 2 * GONE_WITHIN_SECONDS:
        time.sleep(0.1)
    return time.monotonic() - began


def workers_of(pid: int) -> list[int]:
    """Return the worker processes that a process has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(each) for each in children if b"mainspring.worker" in Path(f"/proc/{each}/cmdline").read_bytes()
    ]


def api_of(running: RunningService) -> tuple[str, ...]:
    """Return the address of the API and its key, each empty until it was printed."""
    patterns = (r"HTTP API\W+(http://\S+)", r"^(ms_\S+)$")
    found = [re.search(pattern, running.printed, re.MULTILINE) for pattern in patterns]
    return tuple(each[1] if each else "" for each in found)


def press_ctrl_c(pid: int) -> None:
    """Send SIGINT as a terminal does: to the whole group, Temporal's processes among it."""
    os.killpg(pid, signal.SIGINT)


def ask_to_end(pid: int) -> None:
    """Send SIGTERM as a service manager does."""
    os.kill(pid, signal.SIGTERM)


def test_it_prints_where_everything_is(running: RunningService) -> None:
    """Whoever starts it sees the addresses of the Web UI, Temporal, the database and the emulator."""
    shown = running.printed
    assert running.temporal.ui_url in shown
    assert running.temporal.address in shown
    assert str(running.command_line.state_dir / "mainspring.db") in shown
    assert f"{running.justtcg_url} (emulator)" in shown


def test_its_api_is_open_to_the_key_that_it_prints(running: RunningService) -> None:
    """Whoever starts it can call the API at once."""
    url, key = running.until(lambda: api_of(running), all)
    request = urllib.request.Request(f"{url}/v1/tasks", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert 200 == answer.status


def test_what_it_writes_is_for_its_user_only(running: RunningService) -> None:
    """Databases, their logs, keys, Temporal's log and the run file, also those that Temporal writes."""
    files = [running.command_line.state_dir, *running.command_line.state_dir.rglob("*")]
    assert {"temporal.db", "temporal.log", "mainspring.db", "mainspring.json"} <= {
        each.name for each in files
    }
    assert [] == [str(each) for each in files if each.stat().st_mode & 0o077]


def test_a_second_start_says_that_it_runs(running: RunningService) -> None:
    """Two in one state directory would share a Temporal server's database: the second one names the first."""
    done = running.command_line.run("up", "--sandbox")  # the name that --emulators had
    assert 1 == done.code
    assert f"already runs in {running.command_line.state_dir} (process {running.process.pid}," in done.err


def test_a_worker_that_is_killed_is_followed_by_another(running: RunningService) -> None:
    """Temporal and the emulators go on: they are in another process."""
    ready = running.printed.count("worker ready")
    (worker,) = workers_of(running.process.pid)
    os.kill(worker, signal.SIGKILL)
    running.until(lambda: running.printed.count("worker ready"), lambda seen: seen > ready)
    task = running.start_one_that_waits("after-the-kill")
    assert task.state is TaskState.WAITING
    assert "the worker has died, and is started again" in running.printed


@pytest.mark.parametrize("stop", [press_ctrl_c, ask_to_end])
def test_it_stops_cleanly_when_told_to(stop: Callable[[int], None], command_line: CommandLine) -> None:
    """Ctrl-C and SIGTERM are both ordinary ends: exit code 0, no traceback, nothing left."""
    with running_service(command_line) as service:
        assert processes_about(command_line.state_dir)
        service.until(lambda: api_of(service), all)
        stop(service.process.pid)
        assert 0 == service.process.wait(20)
        assert [] == processes_about(command_line.state_dir)
        assert "stopping" in service.printed
        assert "Traceback" not in service.printed
    assert [] == command_line.json("keys", "list", "--platform")


def test_kill_9_leaves_no_engine_behind(command_line: CommandLine) -> None:
    """Nobody can run code then, but Temporal's watchdog notices, and the key of the API ends by itself."""
    with running_service(command_line) as service:
        service.until(lambda: api_of(service), all)
        service.process.send_signal(signal.SIGKILL)
        assert seconds_until_nothing_is_about(command_line.state_dir) < GONE_WITHIN_SECONDS
    for key in command_line.json("keys", "list", "--platform"):
        assert datetime.fromisoformat(key["expires_at"]) < datetime.now(UTC) + LASTS


@pytest.mark.parametrize("variable", ["MAINSPRING_ENGINE_PORT", "MAINSPRING_UI_PORT", "MAINSPRING_API_PORT"])
def test_a_taken_port_is_named_with_the_setting_that_chooses_another(
    variable: str, command_line: CommandLine
) -> None:
    """The answer to a taken port is in the message."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        done = command_line.setting(**{variable: str(port)}).run("up")
    assert (
        1,
        f"error: port {port} is in use; set {variable} to another port, or to 0 for any free one\n",
    ) == (
        done.code,
        done.err,
    )
    assert [] == processes_about(command_line.state_dir)
