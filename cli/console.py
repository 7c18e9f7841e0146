"""Running a command to its exit code."""

import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeAlias

import typer
from rich.markup import escape

from mainspring.cli.output import err
from mainspring.gateways.private_files import UMASK

if TYPE_CHECKING:
    import asyncio

    from temporalio.client import Client

    from mainspring.client.ledger import Ledger
    from mainspring.client.service import Service
    from mainspring.config.settings import Settings

SUCCESS, FAILED, BAD_INPUT, AWAY = 0, 1, 2, 3


def load_settings() -> "Settings":
    """Read the settings; what is wrong ends the command with exit code 2.

    What the command writes from then on is for its user alone.
    """
    from mainspring.config.settings import Settings
    from mainspring.config.settings_errors import SettingsError

    os.umask(UMASK)
    try:
        return Settings.load()
    except SettingsError as error:
        complain(str(error), BAD_INPUT)


def with_service(work: "Callable[[Service], Awaitable[int | None]]") -> NoReturn:
    """Run `work` with the open service and end the process with the exit code that it returns."""
    from mainspring.client.service import open_service

    async def run(settings: "Settings") -> int | None:
        async with open_service(settings) as service:
            return await work(service)

    settled(run)


def with_ledger(work: "Callable[[Ledger], Awaitable[int | None]]") -> NoReturn:
    """Run `work`, which only looks, with the open ledger; end the process as `with_service` does."""
    from mainspring.client.ledger import open_ledger

    async def run(settings: "Settings") -> int | None:
        async with open_ledger(settings) as ledger:
            return await work(ledger)

    settled(run)


def settled(work: "Callable[[Settings], Awaitable[int | None]]") -> NoReturn:
    """Run `work` with the settings, turn what it raises into a sentence, and end the process."""
    import asyncio

    from mainspring.config.logs import configure_logs

    settings = load_settings()
    configure_logs(settings)

    async def run() -> int | None:
        return await work(settings)

    try:
        code = asyncio.run(run())
    except KeyboardInterrupt:
        code = 130  # as a shell says it: 128 + SIGINT
    except Exception as error:
        from mainspring.cli.refusals import refusal

        known = refusal(error)
        if known is None:
            raise
        complain(*known)
    end(code or SUCCESS)


async def availability_now(settings: "Settings") -> str | None:
    """Return why no task goes on just now, if that is so. Loads Temporal's client."""
    from mainspring.client.tasks.availability import ENGINE_AWAY, availability
    from mainspring.config.connect import TemporalUnreachable, connect
    from mainspring.gateways.temporal import TemporalGateway

    try:
        client = await connect(settings, lazy=True)
    except TemporalUnreachable:
        return ENGINE_AWAY
    return await availability(TemporalGateway(client, settings.task_queue))


def complain(message: str, code: int) -> NoReturn:
    """Print an error and end the process."""
    err.print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)
    end(code)


def end(code: int) -> NoReturn:
    """End the process at once: with a Temporal client alive, Python's own way out may abort or hang."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def database_name(settings: "Settings") -> str:
    """Return where the database is, without its password."""
    from mainspring.storage.database import without_password

    return without_password(settings.resolved_database_url)


Serve: TypeAlias = "Callable[[Settings, Client, asyncio.Event], Coroutine[Any, Any, None]]"


class Worker(Protocol):
    """What serves the jobs. A process that is a worker and nothing else lets it `get_ready` first."""

    def get_ready(self) -> None:
        """Load the worker, and begin the processes that it needs, before this process has a thread."""

    def __call__(
        self, settings: "Settings", client: "Client", stop: "asyncio.Event"
    ) -> "Coroutine[Any, Any, None]":
        """Serve until `stop` is set."""


def worker_of(context: typer.Context) -> Worker:
    """Return the worker that the entry point has put into the command line."""
    worker: Worker = context.obj
    return worker
