"""`doctor`: is everything there that a job needs, and what to do about what is not."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rich.markup import escape

from mainspring.cli.console import FAILED, SUCCESS, settled, show_table
from mainspring.cli.stack import with_emulators
from mainspring.client.schedules import SCHEDULES, Schedules
from mainspring.config.connect import TemporalUnreachable, connect, connect_config
from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.devserver import running_temporal
from mainspring.gateways.errors import CredentialsRefused, GatewayError, LimitExceeded
from mainspring.gateways.justtcg import open_justtcg
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database
from mainspring.storage.errors import READ_ERRORS
from mainspring.storage.migrate import is_current


@dataclass(frozen=True)
class Finding:
    """What one check found; `remedy` is empty when all is well."""

    part: str
    found: str
    remedy: str = ""


def doctor() -> None:
    """Check settings, database, Temporal, worker and gateways. Exit code 1 when something is wrong."""

    async def work(settings: Settings) -> int:
        running = running_temporal(settings.state_dir)
        emulators = running.emulators if running else {}
        examined = with_emulators(settings, emulators)
        findings = [finding async for finding in _examine(examined, emulators)]
        show_table(
            ("", "part", "found", "remedy"),
            [
                (
                    "[red]✗[/]" if each.remedy else "[green]✓[/]",
                    each.part,
                    escape(each.found),
                    escape(each.remedy),
                )
                for each in findings
            ],
        )
        return FAILED if any(each.remedy for each in findings) else SUCCESS

    settled(work)


async def _examine(settings: Settings, emulators: Mapping[str, str]) -> AsyncIterator[Finding]:
    yield Finding("settings", f"state in {settings.state_dir}, task queue {settings.task_queue}")
    yield _key(settings)
    if settings.media_source_dir is not None:
        yield _source_dir(settings.media_source_dir)
    yield await _database(settings)
    async for finding in _temporal(settings):
        yield finding
    justtcg = await _justtcg(settings)
    yield replace(justtcg, found=f"{justtcg.found} (stand-in)") if "justtcg_url" in emulators else justtcg


def _key(settings: Settings) -> Finding:
    try:
        encryption_key(settings)
    except (OSError, ValueError) as error:
        return Finding("encryption key", str(error), "make the state directory writable")
    where = "MAINSPRING_ENCRYPTION_KEY" if settings.encryption_key else f"kept in {settings.state_dir}"
    return Finding("encryption key", where)


def _source_dir(folder: Path) -> Finding:
    found = f"files below {folder}"
    remedy = "" if folder.is_dir() else "there is no such directory: correct MAINSPRING_MEDIA_SOURCE_DIR"
    return Finding("video sources", found, remedy)


async def _database(settings: Settings) -> Finding:
    database = Database(settings.resolved_database_url)
    where = database.url.render_as_string(hide_password=True)
    try:
        current = await is_current(database)
    except READ_ERRORS as error:
        return Finding("database", f"{where}: {error}", "start it, or correct MAINSPRING_DATABASE_URL")
    finally:
        await database.dispose()
    return Finding("database", where, "" if current else "run `mainspring db upgrade`")


async def _temporal(settings: Settings) -> AsyncIterator[Finding]:
    try:
        address = connect_config(settings).get("target_host", "")
        client = await connect(settings)
    except TemporalUnreachable as error:
        yield Finding(
            "Temporal", str(error).partition(";")[0], "run `mainspring up`, or correct TEMPORAL_ADDRESS"
        )
        return
    yield Finding("Temporal", f"{address}, namespace {client.namespace}")
    workers = len(await TemporalGateway(client, settings.task_queue).workers())
    remedy = "" if workers else "run `mainspring worker` (or `mainspring up`)"
    yield Finding("worker", f"{workers} on task queue {settings.task_queue}", remedy)
    found = len(await Schedules(client, settings).list())
    remedy = "" if found == len(SCHEDULES) else "run `mainspring schedules sync`"
    yield Finding("schedules", f"{found} of {len(SCHEDULES)}", remedy)


async def _justtcg(settings: Settings) -> Finding:
    keys = "accounts bring their own keys" if settings.justtcg_api_key is None else "a default key is set"
    found = Finding("JustTCG", f"{settings.justtcg_url} answers; {keys}")
    async with open_justtcg(settings.justtcg_url) as justtcg:
        try:
            # Without a key the service only answers that one is missing, which no quota counts.
            await justtcg.games("")
        except (CredentialsRefused, LimitExceeded):
            return found
        except GatewayError as error:
            return Finding("JustTCG", str(error), "correct MAINSPRING_JUSTTCG_URL, or wait until it is back")
    return found
