"""`mainspring up --emulators` as a process, and what a test does with it."""

import asyncio
import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from mainspring.client.service import Service, open_service
from mainspring.config.settings import Settings
from mainspring.contracts.cards import UpdateInventoryPrices
from mainspring.contracts.tasks import Task, TaskFilter, TaskState
from mainspring.devserver import RunningTemporal, running_temporal
from mainspring.domain.cards import InventoryLine
from mainspring.emulators.justtcg.catalogue import catalogue
from mainspring.workflows.cards import UPDATE_INVENTORY_PRICES
from tests.acceptance.command_line import CommandLine, loaded
from tests.acceptance.loaded_program import ForkedProcess

T = TypeVar("T")

PATIENCE_SECONDS = 120
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class RunningService:
    """The process of `up --emulators`, where it serves, and the command line beside it."""

    process: ForkedProcess
    temporal: RunningTemporal
    command_line: CommandLine
    log: Path

    @property
    def printed(self) -> str:
        """What it has said so far, on both streams."""
        return self.log.read_text()

    @property
    def justtcg_url(self) -> str:
        """The address of the emulator's API."""
        return self.temporal.emulators["justtcg_url"]

    def order(self, route: str, body: dict[str, Any]) -> None:
        """Give the emulator an order, as emulators/justtcg/control.py takes it."""
        url = f"{self.justtcg_url.removesuffix('/v1')}/_sandbox/{route}"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()

    def ask(self, work: Callable[[Service], Coroutine[Any, Any, T]]) -> T:
        """Do what is not the command line's own test by the Python API, which starts no process for it."""

        async def asked() -> T:
            async with open_service(Settings(state_dir=self.command_line.state_dir)) as service:
                return await work(service)

        return asyncio.run(asked())

    def calls(self) -> list[dict[str, Any]]:
        """Return every call that the emulator has got, as emulators/justtcg/control.py gives them."""
        url = f"{self.justtcg_url.removesuffix('/v1')}/_sandbox/calls"
        with urllib.request.urlopen(url, timeout=10) as answer:
            calls: list[dict[str, Any]] = json.load(answer)
        return calls

    def add_account(self, name: str, *, variants: int = 40, known: bool = True, **limits: int | str) -> UUID:
        """Add an account that holds cards, and return its id.

        Its key is its name, so no spaces in it, and `limits` are the key's; with `known` false the vendor
        never heard of it.
        """
        if known:
            self.order("keys", {"key": name} | limits)
        held = [InventoryLine("box", variant, 1) for variant in catalogue().variant_ids[:variants]]

        async def add(service: Service) -> UUID:
            account = await service.accounts.add(
                name, plan=str(limits.get("plan", "Free Tier")), api_key=name
            )
            await service.accounts.load_inventory(name, held)
            return account.id

        return self.ask(add)

    def change_plan(self, name: str, plan: str) -> None:
        """Let the account's key begin anew with another plan, at the vendor's and here."""
        self.order("keys", {"key": name, "plan": plan})
        self.ask(lambda service: service.accounts.change_plan(name, plan, 1))

    def start_one_that_waits(self, name: str) -> Task:
        """Start a price run for a new account: it has its first 20 of 40 prices and waits for tomorrow."""
        given = UpdateInventoryPrices(account_id=self.add_account(name, day=1))

        async def start(service: Service) -> UUID:
            return (await service.jobs.start(UPDATE_INVENTORY_PRICES, given)).id

        task_id = self.ask(start)
        return self.until(lambda: self.task(task_id), lambda task: task.state is TaskState.WAITING)

    def task(self, task_id: UUID) -> Task:
        """Return a task as the ledger has it."""
        return self.ask(lambda service: service.tasks.get(task_id))

    def newest(self, job: str) -> Task:
        """Return the newest task of a job."""
        return self.ask(lambda service: service.tasks.find(TaskFilter(job=job), limit=1))[0]

    @staticmethod
    def until(look: Callable[[], T], is_so: Callable[[T], bool]) -> T:
        """Look again until it is so, and return what was seen."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so(seen := look()):
            assert time.monotonic() < deadline, seen
            time.sleep(POLL_SECONDS)
        return seen


@contextmanager
def running_service(command_line: CommandLine) -> Iterator[RunningService]:
    """Run `mainspring up --emulators` until the block ends; nothing of it is left then, whatever happened."""
    log = command_line.state_dir.parent / f"{command_line.state_dir.name}.log"
    with log.open("ab") as output, Path(os.devnull).open("rb") as nothing:
        process = loaded().start(
            "mainspring",
            ("up", "--emulators"),
            command_line.environment,
            command_line.state_dir.parent,
            (nothing, output, output),
        )
    try:
        yield RunningService(process, _ready(process, command_line, log), command_line, log)
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.end()


def _ready(process: ForkedProcess, command_line: CommandLine, log: Path) -> RunningTemporal:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "worker ready" not in log.read_text() or "is up" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(POLL_SECONDS)
    temporal = running_temporal(command_line.state_dir)
    assert temporal is not None
    return temporal
