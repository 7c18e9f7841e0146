"""Following a task of the demonstration, unless that is stopped."""

import asyncio
from uuid import UUID

from mainspring.cli.follow import follow
from mainspring.cli.stack import Stack
from mainspring.client.errors import ClientError
from mainspring.client.tasks.queries import Tasks
from mainspring.contracts.tasks import Task


class Stopped(ClientError):
    """The demo was stopped before its end."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


async def followed(stack: Stack, tasks: Tasks, task_id: UUID) -> Task:
    """Show how a task goes on, and return it at its end; Stopped, or what ended the worker."""
    following = asyncio.create_task(follow(tasks, task_id))
    await asyncio.wait({following, stack.work}, return_when=asyncio.FIRST_COMPLETED)
    if not following.done():
        following.cancel()
        stack.work.result()
        raise Stopped
    return following.result()
