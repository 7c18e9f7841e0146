"""How long a call waits for Temporal, where it can be answered by Temporal alone."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar

from mainspring.api.problems import Refused
from mainspring.api.refusals import RETRY_AFTER_SECONDS

T = TypeVar("T")

# Temporal answers within a second, or does not answer at all.
PATIENCE = timedelta(seconds=10)


async def in_time(answer: Awaitable[T], patience: timedelta = PATIENCE) -> T:
    """Return what Temporal answers.

    Raises Refused: when there is no answer in time.
    """
    try:
        return await asyncio.wait_for(answer, patience.total_seconds())
    except TimeoutError:
        raise Refused(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "unavailable",
            "Temporal has not answered in time; what was asked may be done all the same",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        ) from None
