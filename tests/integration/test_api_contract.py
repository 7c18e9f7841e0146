"""The API does what its document says: schemathesis makes up calls, and compares the answers."""

import asyncio
import sys
from pathlib import Path

import pytest

from mainspring.contracts.api_keys import Role
from mainspring.storage.database import Database
from tests.api import served
from tests.service import Service

CONFIG = Path(__file__).parents[1] / "schemathesis.toml"

# Streams of events do not end; they have tests of their own.
STREAMS = "^watch_"

SHORT = ("--phases=examples,fuzzing", "--max-examples=2", "--generation-deterministic")
WHOLE = ("--max-examples=100",)


async def faults(service: Service, folder: Path, workspace: str | None, *options: str) -> str:
    """Try every operation with an admin's key; return what schemathesis says, nothing if all is well."""
    keys = service.platform_keys if workspace is None else service.within(workspace).api_keys
    made = await keys.create("contract", Role.ADMIN)
    async with served(service, api_calls_a_minute=1_000_000) as api:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"),
            *(f"{api.url}/v1/openapi.json", "--header", f"Authorization: Bearer {made.text}"),
            *("--exclude-operation-id-regex", STREAMS, "--continue-on-failure", "--no-color", *options),
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
    return said.decode() if process.returncode else ""


async def test_the_api_does_what_its_document_says(workerless: Service, tmp_path: Path) -> None:
    """A few made-up calls of each operation are answered as the document says, and none by a 500."""
    found = await faults(workerless, tmp_path, None, *SHORT)
    assert not found, found


@pytest.mark.drill
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("workspace", [None, "shop"])
@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_many_made_up_calls_find_no_fault(
    workerless: Service, service_database: Database, workspace: str | None, tmp_path: Path
) -> None:
    """Bounds, wrong types, and calls that follow from each other's answers, for both kinds of key."""
    assert service_database.engine.dialect.name in {"sqlite", "postgresql"}
    found = await faults(workerless, tmp_path, workspace, *WHOLE)
    assert not found, found
