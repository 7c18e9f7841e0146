"""Calls to Temporal: how long each may take, and what its faults are to a caller."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from mainspring.gateways.errors import Refused, Unreachable

T = TypeVar("T")

# How long one call may take before Temporal counts as away.
RPC_TIMEOUT = timedelta(seconds=5)

# The same for a client that has to connect first, to a host that may not answer at all.
CALL_LIMIT = 2 * RPC_TIMEOUT

SERVICE = "Temporal"

# What gRPC says of a message above its 4 MB; the code, RESOURCE_EXHAUSTED, is that of a rate limit too.
TOO_LARGE = "larger than max"

# What a client that connects at its first call raises when it cannot: a bare RuntimeError, told by its words.
NOT_CONNECTED = "Failed client connect"

AWAY = {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}


class Calls:
    """The calls of a gateway that are under way, and how long Temporal has left them without an answer."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: dict[asyncio.Timeout, float] = {}
        self._answered = float("-inf")
        # How long the last answer took; None before the first, for the connection may not be there yet.
        self.took: timedelta | None = None

    async def counted(self, call: Awaitable[T]) -> T:
        """Await one call. Raises TimeoutError: when the call is given up."""
        async with asyncio.timeout(CALL_LIMIT.total_seconds()) as limit:
            self._began[limit] = began = self._clock()
            try:
                result = await call
            except (RPCError, WorkflowAlreadyStartedError) as error:
                if not (isinstance(error, RPCError) and error.status in AWAY):
                    self._note_answer(began)
                raise
            finally:
                del self._began[limit]
        self._note_answer(began)
        return result

    def _note_answer(self, began: float) -> None:
        self._answered = self._clock()
        self.took = timedelta(seconds=self._answered - began)

    @property
    def silence(self) -> timedelta:
        """For how long Temporal has answered nothing while calls are under way."""
        if not self._began:
            return timedelta()
        since = max(self._answered, min(self._began.values()))
        return timedelta(seconds=self._clock() - since)

    def give_up(self) -> None:
        """End all calls that are under way, as if their time was over."""
        now = asyncio.get_running_loop().time()
        for limit in list(self._began):
            limit.reschedule(now)


class StartRefused(Refused):
    """Temporal will never take this start: its arguments are wrong or too large."""


@asynccontextmanager
async def translated(limit: timedelta | None = CALL_LIMIT) -> AsyncIterator[None]:
    """Turn what the SDK raises into gateway errors; what is missing, or there already, stays RPCError."""
    try:
        async with asyncio.timeout(None if limit is None else limit.total_seconds()):
            yield
    except RPCError as error:
        if error.status in AWAY:
            raise Unreachable(error.message, service=SERVICE) from error
        if error.status in {RPCStatusCode.NOT_FOUND, RPCStatusCode.ALREADY_EXISTS}:
            raise
        raise Refused(error.message, service=SERVICE, code=error.status.name) from error
    except TimeoutError as error:
        raise Unreachable("no answer in time", service=SERVICE) from error
    except RuntimeError as error:
        if not str(error).startswith(NOT_CONNECTED):
            raise  # something else is wrong, which waiting for Temporal does not mend
        raise Unreachable(str(error), service=SERVICE) from error


@asynccontextmanager
async def start_translated() -> AsyncIterator[None]:
    """Do the same for a start, and tell apart what no repetition helps: StartRefused."""
    try:
        async with translated():
            yield
    except Refused as error:
        if error.code == RPCStatusCode.INVALID_ARGUMENT.name or TOO_LARGE in str(error):
            raise StartRefused(str(error.__cause__), service=SERVICE, code=error.code) from error
        raise
    except RPCError as error:  # whatever is not found here is the namespace
        raise Refused(error.message, service=SERVICE, code=error.status.name) from error


async def was_received(call: Awaitable[object]) -> bool:
    """Await a call to one workflow; return False when that is over."""
    try:
        async with translated():
            await call
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True
