"""Asking Claude, by the SDK of its makers. It is loaded when something is first asked: that takes seconds."""

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from mainspring.gateways.claude.answers import Answer, Out, Prompt, answer_of
from mainspring.gateways.claude.errors import KeyMissing
from mainspring.gateways.claude.refusals import translated
from mainspring.gateways.errors import GatewayError

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

# An answer of a few hundred tokens takes seconds. One that takes longer was sent into nowhere.
TIMEOUT_SECONDS = 120.0


class Claude:
    """One installation's access. `key` is None where none is set; `close` ends the connections."""

    def __init__(self, key: str | None, base_url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._key = key
        self._base_url = base_url
        self._timeout = timeout_seconds
        self._loading = threading.Lock()
        self._client: AsyncAnthropic | None = None

    async def ask(self, prompt: Prompt[Out]) -> Answer[Out]:
        """Return the answer to a prompt. One request; raises GatewayErrors."""
        client = await self._opened()
        message = await self._sent(client.messages.create(**request_of(prompt)))
        return answer_of(message, prompt)

    async def check(self) -> None:
        """Ask something that costs nothing: whether the service is there and takes the key."""
        client = await self._opened()
        await self._sent(client.models.list(limit=1))

    async def close(self) -> None:
        """End the connections."""
        if self._client is not None:
            await self._client.close()

    async def _sent(self, request: Any) -> Any:
        try:
            return await request
        except GatewayError:
            raise
        except Exception as error:
            raise translated(error) from error

    async def _opened(self) -> "AsyncAnthropic":
        if self._key is None:
            raise KeyMissing(service="Claude")
        if self._client is not None:
            return self._client
        return await asyncio.to_thread(self._open, self._key)

    def _open(self, key: str) -> "AsyncAnthropic":
        with self._loading:
            if self._client is None:
                self._client = self._connected(key)
            return self._client

    def _connected(self, key: str) -> "AsyncAnthropic":
        from anthropic import AsyncAnthropic  # noqa: PLC0415  # seconds

        # Retries are the queue's: it waits as long as an answer asks for, and keeps no place meanwhile.
        return AsyncAnthropic(api_key=key, base_url=self._base_url, max_retries=0, timeout=self._timeout)


def request_of(prompt: Prompt[Any]) -> dict[str, Any]:
    """Return the parameters of a message.

    `messages.parse` of the SDK would read the answer as well, but an answer that is not as asked for would
    come without what it has cost.
    """
    from anthropic import transform_schema  # noqa: PLC0415  # loaded by now

    schema = transform_schema(prompt.output)
    return {
        "model": prompt.model,
        "max_tokens": prompt.max_tokens,
        "system": prompt.system,
        "messages": [{"role": "user", "content": prompt.text}],
        "output_config": {"format": {"type": "json_schema", "schema": schema}},
    }
