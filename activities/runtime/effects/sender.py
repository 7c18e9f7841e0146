"""What a channel does: it hands messages of effects to the outside."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from mainspring.activities.runtime.retry import RetryPolicy
from mainspring.contracts.effects import Effect

Outbound_contra = TypeVar("Outbound_contra", contravariant=True)


class Sender(Protocol[Outbound_contra]):
    """A channel: mail, push, a paid API.

    `retry` is how long a message is tried. A sender is told which effect it sends: `effect.reference` is the
    same for every attempt, so it is the Message-ID of a mail or the idempotency key of a request.
    """

    @property
    def retry(self) -> RetryPolicy:
        """How long a message is tried."""

    async def send(
        self, effect: Effect, message: Outbound_contra, begin: Callable[[], Awaitable[None]]
    ) -> str:
        """Hand a message over, and return its name outside.

        `begin` is awaited when all is ready, right before anything goes out; nothing goes out when it raises.
        An error whose `is_outcome_certain` is False says that the message may have arrived; any other error
        says that it has certainly not.
        """
