"""What every command shares: running it to an exit code, and showing tables."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from temporalio.client import Client
from temporalio.service import RPCError

from mainspring.client.errors import ClientError
from mainspring.client.service import Service, open_service
from mainspring.config.connect import TemporalUnreachable
from mainspring.config.logs import configure_logs
from mainspring.config.settings import Settings
from mainspring.config.settings_errors import SettingsError
from mainspring.contracts.tasks import TaskState
from mainspring.devserver import EmbeddedTemporalError
from mainspring.gateways.errors import GatewayError
from mainspring.storage.database import without_password
from mainspring.storage.errors import StorageError
from mainspring.workflows.runtime.catalogue import UnknownJob

SUCCESS, FAILED, BAD_INPUT = 0, 1, 2

# What goes to a file or another program has no edge to be folded at.
UNFOLDED_WIDTH = 200

# Without Rich's own colours for numbers and paths: here a colour means a state.
out = Console(width=None if sys.stdout.isatty() else UNFOLDED_WIDTH, highlight=False)
err = Console(stderr=True, highlight=False)

COLOURS = {
    TaskState.QUEUED: "cyan",
    TaskState.RUNNING: "blue",
    TaskState.WAITING: "yellow",
    TaskState.SUCCESS: "green",
    TaskState.FAILED: "red",
    TaskState.CANCELLED: "magenta",
}


def load_settings() -> Settings:
    """Read the settings and make their directory; what is wrong ends the command with exit code 2."""
    try:
        settings = Settings.load()
        settings.make_state_dir()
    except SettingsError as error:
        complain(str(error), BAD_INPUT)
    return settings


def with_service(work: Callable[[Service], Awaitable[int | None]]) -> NoReturn:
    """Run `work` with the open service and end the process with the exit code that it returns."""

    async def run(settings: Settings) -> int | None:
        async with open_service(settings, create=True) as service:
            return await work(service)

    settled(run)


def settled(work: Callable[[Settings], Awaitable[int | None]]) -> NoReturn:
    """Run `work` with the settings, turn what it raises into a sentence, and end the process."""
    settings = load_settings()
    configure_logs(settings)

    async def run() -> int | None:
        return await work(settings)

    try:
        code = asyncio.run(run())
    except (ClientError, UnknownJob, StorageError) as error:
        complain(str(error), BAD_INPUT)
    except (TemporalUnreachable, EmbeddedTemporalError, GatewayError) as error:
        complain(str(error), FAILED)
    except RPCError as error:  # of a call that no gateway translates; connecting has its own error
        complain(f"Temporal: {error.message}", FAILED)
    except KeyboardInterrupt:
        code = 130  # as a shell says it: 128 + SIGINT
    end(code or SUCCESS)


def complain(message: str, code: int) -> NoReturn:
    """Print an error and end the process."""
    err.print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)
    end(code)


def end(code: int) -> NoReturn:
    """End the process at once: with a Temporal client alive, Python's own way out may abort or hang."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Print a table; cells may carry markup."""
    out.print(table_of(columns, rows, title))


def table_of(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> Table:
    """Return a table as all commands show theirs; cells may carry markup."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def show_json(value: Any) -> None:
    """Print JSON for other programs: no colours, no wrapping."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def database_name(settings: Settings) -> str:
    """Return where the database is, without its password."""
    return without_password(settings.resolved_database_url)


def state_text(state: TaskState) -> str:
    """Return a state with its colour."""
    return f"[{COLOURS[state]}]{state}[/]"


def echo(message: str) -> None:
    """Print a line that may carry markup."""
    out.print(message, soft_wrap=True)


def warn(message: str | None) -> None:
    """Print a line, if there is any, beside the output, where it is in no program's way."""
    if message is not None:
        err.print(f"[yellow]{escape(message)}[/]", soft_wrap=True)


Worker = Callable[[Settings, Client, asyncio.Event], Coroutine[Any, Any, None]]


def worker_of(context: typer.Context) -> Worker:
    """Return the worker that the entry point has put into the command line."""
    worker: Worker = context.obj
    return worker
