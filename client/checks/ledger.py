"""Checks of what the ledger has: failures, effects in doubt, refused keys, quotas, tasks that fail."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from mainspring.client.checks.findings import Finding
from mainspring.client.times import when
from mainspring.config.settings import Settings
from mainspring.contracts.cards import KEY_MISSING
from mainspring.contracts.text import readable
from mainspring.storage.attention import Attention, Reason
from mainspring.storage.data_passes import is_sealing_put_off
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import READ_ERRORS
from mainspring.storage.schema_version import is_current

# Of a reason so many characters are said; `tasks show` has the rest.
SHOWN = 200

SEALING_PUT_OFF = (
    Finding(
        "sealing",
        "put off since the upgrade from 0.1: secrets in URLs of sources and webhooks are kept as they are",
        "once no worker and no client of 0.1 is left: `mainspring encryption reseal`",
        is_notice=True,
    ),
)


async def check_ledger(settings: Settings) -> AsyncIterator[Finding]:
    """Look through the tasks and effects of all workspaces; nothing is said of a database that is away."""
    database = Database(settings.resolved_database_url)
    try:
        if not await is_current(database):
            return
        findings = await database.read(_findings)
        findings += SEALING_PUT_OFF if await is_sealing_put_off(database) else ()
    except READ_ERRORS:
        return  # `check_database` says it
    finally:
        await database.dispose()
    for each in findings:
        yield each


async def _findings(session: Session) -> list[Finding]:
    attention = Attention(session)
    return [
        *_refused(await attention.refused_keys()),
        *_failing(await attention.failing(now=datetime.now(UTC))),
        *_waiting(await attention.waiting()),
        _counted("effects in doubt", await attention.in_doubt(), "decide: `effects list --state unknown`"),
        _counted("failed tasks", await attention.failed(), "look: `failures list`, then `failures replay`"),
    ]


def _counted(part: str, count: int, remedy: str) -> Finding:
    return Finding(part, str(count), remedy if count else "", is_notice=True)


def _refused(reasons: Sequence[Reason]) -> list[Finding]:
    remedy = "correct it (`cards set-key`, MAINSPRING_JUSTTCG_API_KEY), then `failures replay`"
    return [Finding("refused key", _said(each), remedy) for each in reasons]


def _failing(reasons: Sequence[Reason]) -> list[Finding]:
    remedy = "mend what the words name; the tasks go on by themselves"
    return [Finding("failing tasks", _said(each), remedy, is_notice=True) for each in reasons]


def _waiting(reasons: Sequence[Reason]) -> list[Finding]:
    remedy = "start the worker anew with it; the tasks go on by themselves"
    return [
        Finding("missing key", _said(each), remedy)
        if each.words == KEY_MISSING
        else Finding("used-up quota", _said(each), f"goes on at {when(each.until) or 'once'}", is_notice=True)
        for each in reasons
    ]


def _said(reason: Reason) -> str:
    tasks = "1 task" if reason.tasks == 1 else f"{reason.tasks} tasks"
    return f"{tasks}: {readable(reason.words.partition(chr(10))[0], SHOWN)}"
