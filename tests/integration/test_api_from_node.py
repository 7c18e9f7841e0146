"""The script for Node in examples/: a task is followed through a restart of the API."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from mainspring.api.app import api_of
from mainspring.api.server import listening, serving, url_of
from mainspring.contracts.api_keys import Role
from mainspring.contracts.tasks import TaskState
from tests.service import Service

SCRIPT = Path(__file__).parents[2] / "examples" / "node" / "follow-task.mjs"
NODE = shutil.which("node")
PATIENCE_SECONDS = 60


@pytest.mark.skipif(NODE is None, reason="there is no node")
async def test_a_task_is_followed_through_a_restart_of_the_api(workerless: Service) -> None:
    """The script starts the task before the restart, and has its end and its result after it."""
    made = await workerless.platform_keys.create("node", Role.OPERATOR)
    listener = listening("127.0.0.1", 0)
    url, port = url_of(listener), listener.getsockname()[1]
    async with asyncio.timeout(PATIENCE_SECONDS):
        async with serving(api_of(workerless), listener):
            script = await asyncio.create_subprocess_exec(
                *(str(NODE), str(SCRIPT), "wishlist-sale-check", "{}"),
                env=os.environ | {"MAINSPRING_URL": url, "MAINSPRING_KEY": made.text},
                stdout=asyncio.subprocess.PIPE,
            )
            assert script.stdout is not None
            started = (await script.stdout.readline()).decode().split()
            assert b"accepted QUEUED 0 %\n" == await script.stdout.readline()
        async with workerless.worker():
            task = await workerless.wait((await workerless.first_task()).id)
        async with serving(api_of(workerless), listening("127.0.0.1", port)):
            said, _ = await script.communicate()

    lines = said.decode().splitlines()
    assert ["started", str(task.id)] == started
    assert 0 == script.returncode
    assert (TaskState.SUCCESS, "ended SUCCESS 100 %") == (task.state, lines[-2])
    assert task.result == json.loads(lines[-1])
