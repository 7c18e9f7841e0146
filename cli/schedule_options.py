"""What the commands of `schedules` share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from mainspring.cli import completion
from mainspring.cli.console import settled

if TYPE_CHECKING:
    from mainspring.client.schedules import Schedules
    from mainspring.config.settings import Settings

ScheduleId = Annotated[
    str,
    typer.Argument(
        help="A schedule's id; `mainspring schedules list` shows them.", autocompletion=completion.schedules
    ),
]


def with_schedules(work: Callable[[Schedules, Settings], Awaitable[None]]) -> NoReturn:
    """Run `work` and end the process; the database is not needed. Temporal that is away is an error."""
    from mainspring.client.schedules import Schedules
    from mainspring.config.connect import connect

    async def connected(settings: Settings) -> None:
        await work(Schedules(await connect(settings), settings), settings)

    settled(connected)
