"""Running a command to its exit code."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn

import typer
from rich.markup import escape
from temporalio.client import Client
from temporalio.service import RPCError

from mainspring.cli.output import err
from mainspring.client.errors import ClientError
from mainspring.client.service import Service, open_service
from mainspring.config.connect import TemporalUnreachable
from mainspring.config.logs import configure_logs
from mainspring.config.settings import Settings
from mainspring.config.settings_errors import SettingsError
from mainspring.devserver import EmbeddedTemporalError
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.private_files import UMASK
from mainspring.storage.database import without_password
from mainspring.storage.errors import StorageError
from mainspring.workflows.runtime.catalogue import UnknownJob

SUCCESS, FAILED, BAD_INPUT = 0, 1, 2


def load_settings() -> Settings:
    """Read the settings and make their directory; what is wrong ends the command with exit code 2.

    What the command writes from then on is for its user alone.
    """
    os.umask(UMASK)
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


def database_name(settings: Settings) -> str:
    """Return where the database is, without its password."""
    return without_password(settings.resolved_database_url)


Worker = Callable[[Settings, Client, asyncio.Event], Coroutine[Any, Any, None]]


def worker_of(context: typer.Context) -> Worker:
    """Return the worker that the entry point has put into the command line."""
    worker: Worker = context.obj
    return worker
