"""A client in TypeScript: the document has what its types are made of, and the example works with them."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mainspring.api.app import document
from mainspring.contracts.api_keys import Role
from mainspring.contracts.tasks import TaskState
from tests.api import served
from tests.service import Service

EXAMPLE = Path(__file__).parents[2] / "examples" / "node"
# Answers that are for a person's eyes, or have the shape of a document that is older than the API.
WITHOUT_PROBLEM = {
    ("/unsubscribe/{token}", "404"),
    ("/v1/admin/wishlist-jobs/trigger-sale-check", "500"),
    ("/v1/admin/wishlist-jobs/trigger-stock-check", "500"),
}
OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "network")


def test_every_answer_has_a_shape() -> None:
    """A generated client knows what it is given, and problems by their media type."""
    answers = [
        (path, status, answer.get("content", {}))
        for path, operations in document()["paths"].items()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
    ]
    problems = [each for each in answers if each[1] >= "4" and each[:2] not in WITHOUT_PROBLEM]
    assert problems
    assert [] == [each for each in problems if list(each[2]) != ["application/problem+json"]]
    assert [] == [each for each in answers if not all(content.get("schema") for content in each[2].values())]


@pytest.mark.drill
@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm")
async def test_the_example_is_compiled_and_starts_a_task(workerless: Service, tmp_path: Path) -> None:
    """Its types are generated from the document; a wrong name would not compile."""
    for name in ("package.json", "typed-client.ts"):
        shutil.copy(EXAMPLE / name, tmp_path)
    (tmp_path / "openapi.json").write_text(json.dumps(document()))
    code, said = await run(tmp_path, "npm", "install", "--no-audit", "--no-fund", "--no-package-lock")
    if code and any(each in said for each in OFFLINE):
        pytest.skip("the registry of npm cannot be reached")
    assert 0 == code, said
    for script in ("types", "build"):
        code, said = await run(tmp_path, "npm", "run", "--silent", script)
        assert 0 == code, said

    made = await workerless.platform_keys.create("typed", Role.OPERATOR)
    async with served(workerless) as api:
        code, said = await run(
            tmp_path,
            "env",
            f"MAINSPRING_URL={api.url}",
            f"MAINSPRING_KEY={made.text}",
            "node",
            "typed-client.js",
        )
    assert 0 == code, said
    printed: dict[str, Any] = json.loads(said)
    task = await workerless.tasks.get(UUID(printed["id"]))
    assert (task.job, TaskState.QUEUED, 2) == (printed["job"], printed["state"], printed["priority"])


async def run(folder: Path, *command: str) -> tuple[int | None, str]:
    """Run a program in a folder; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()
