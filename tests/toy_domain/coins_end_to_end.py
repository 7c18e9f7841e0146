"""The coins, end to end: a file is imported, the mint appraises within its quota, owners get a mail."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from mainspring.client.imports import Refused, import_file
from mainspring.contracts.coins import AppraiseCoins, Coin, CoinsAppraised
from mainspring.contracts.tasks import TaskState
from mainspring.emulators.base import Control
from mainspring.emulators.http import Connections, HttpEmulator
from mainspring.emulators.smtp import SmtpEmulator
from mainspring.storage.coins import CoinRepository
from mainspring.testing import ServiceUnderTest
from mainspring.workflows.coins import JOBS

pytest_plugins = ["mainspring.testing.fixtures"]

# A request for each hundred; the mint allows ten a day.
COINS = 1_050


class MintEmulator(HttpEmulator):
    """A mint that knows every coin, and counts who asks."""

    def __init__(self) -> None:
        self.requests = 0
        app = Starlette(routes=[Route("/appraise", self._appraise, methods=["POST"])])
        super().__init__(app, Connections())

    @property
    def control(self) -> Control:
        """Nothing can be ordered; another process sees how often the mint was asked."""
        return Control(orders={}, views={}, state=lambda: {"requests": self.requests})

    async def _appraise(self, request: Request) -> JSONResponse:
        self.requests += 1
        return JSONResponse(dict.fromkeys(await request.json(), 100))


@pytest.fixture(autouse=True)
async def mint(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MintEmulator]:
    """Run the mint where the settings lead."""
    async with MintEmulator() as emulator:
        monkeypatch.setenv("COINS_MINT_URL", emulator.address)
        yield emulator


async def test_coins_are_appraised_within_the_quota_and_owners_told_once(
    service: ServiceUnderTest, mint: MintEmulator, mail_server: SmtpEmulator, tmp_path: Path
) -> None:
    """A bad row is rejected by line; the job waits for the mint's day; each owner gets one mail."""
    file = tmp_path / "coins.csv"
    rows = [f"c{number:04},owner{number % 2}@example.org,1900" for number in range(COINS)]
    file.write_text("\n".join(["id,owner_email,year", *rows, "bad,nobody,1900"]))

    async def store(coins: Sequence[Coin]) -> Refused:
        await service.database.transact(lambda session: CoinRepository(session).store(coins))
        return {}

    imported = await import_file(file, Coin, store, lambda coin: (coin.id,))
    assert (COINS, 1, COINS + 2) == (imported.loaded, imported.bad, imported.rejected[0].line)

    appraise, _ = JOBS
    started = await service.jobs.start(appraise, AppraiseCoins())
    waiting = await service.until(started.id, lambda task: task.state is TaskState.WAITING)
    assert ("daily quota of the mint", 1_000, COINS) == (
        waiting.waiting_for, waiting.processed, waiting.total,
    )  # fmt: skip
    assert 10 == mint.requests

    service.clock.advance(timedelta(days=1))
    task = await service.tasks.get(started.id)
    await service.temporal.signal(task.workflow_id, "quota_changed")
    assert CoinsAppraised(appraised=COINS, requests=11, owners=2) == await started.result()
    await service.idle()

    assert ["owner0@example.org", "owner1@example.org"] == sorted(
        mail.recipients[0] for mail in mail_server.accepted
    )
    assert "together: 525.00" in mail_server.accepted[0].message.get_body(("plain",)).get_content()
