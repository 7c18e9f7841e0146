"""What the shell completes: jobs, ids and accounts. It never fails: what cannot be read completes nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainspring.client.ledger import Ledger

# A word of the command line, and what it is.
Words = list[tuple[str, str]]

MOST = 50


def jobs(incomplete: str) -> Words:
    """Return the jobs whose name begins so."""
    from mainspring.workflows.runtime.catalogue import JOBS

    return [
        (job.name, job.summary) for job in JOBS if not job.is_internal and job.name.startswith(incomplete)
    ]


def schedules(incomplete: str) -> Words:
    """Return the schedules whose id begins so."""
    from mainspring.client.schedules import SCHEDULES

    return [(each.id, each.summary) for each in SCHEDULES if each.id.startswith(incomplete)]


def tasks(incomplete: str) -> Words:
    """Return the newest tasks whose id begins so."""

    async def look(ledger: "Ledger") -> Words:
        from mainspring.cli.output import short

        found = await ledger.tasks.find(limit=MOST)
        return [(short(each.id), f"{each.job} {each.state}") for each in found]

    return _looked_up(incomplete, look)


def effects(incomplete: str) -> Words:
    """Return the newest effects whose id begins so."""

    async def look(ledger: "Ledger") -> Words:
        from mainspring.cli.output import short
        from mainspring.storage.effects import WorkspaceEffects

        found = await ledger.database.read(
            lambda session: WorkspaceEffects(session, ledger.tasks.workspace).find(limit=MOST)
        )
        return [(short(each.id), f"{each.kind} {each.state}") for each in found]

    return _looked_up(incomplete, look)


def accounts(incomplete: str) -> Words:
    """Return the accounts whose name begins so."""

    async def look(ledger: "Ledger") -> Words:
        from mainspring.storage.cards import AccountRepository

        found = await ledger.database.read(
            lambda session: AccountRepository(session).page(workspace=ledger.tasks.workspace, limit=MOST)
        )
        return [(each.name, each.plan) for each in found]

    return _looked_up(incomplete, look)


def _looked_up(incomplete: str, look: "Callable[[Ledger], Awaitable[Words]]") -> Words:
    from mainspring.client.ledger import open_ledger
    from mainspring.config.settings import Settings

    async def words() -> Words:
        async with open_ledger(Settings.load()) as ledger:
            return await look(ledger)

    # Whatever is wrong, the command itself says it; here a message would stand in the line that is typed.
    with suppress(Exception):
        return [each for each in asyncio.run(words()) if each[0].startswith(incomplete)]
    return []
