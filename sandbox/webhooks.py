"""Receivers of webhooks on loopback: they verify signatures, count, and fail on demand.

Each path is a receiver of its own: `POST /hooks/NAME`. `GET /_sandbox/state` says what came.
`python -m sandbox.webhooks` runs them by themselves, and says where; without secrets they verify nothing.
"""

import asyncio
import binascii
import contextlib
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.datastructures import Address
from starlette.types import Receive, Scope, Send

from sandbox.serving import HOST, Connections, LoopbackServer

PREFIX = "/hooks/"


class Fault(StrEnum):
    """One way in which a receiver fails."""

    SERVER_ERROR = "server_error"  # 500
    GONE = "gone"  # 410
    REDIRECT = "redirect"  # 302 to the receiver `elsewhere`
    HANG = "hang"  # no answer until the sender gives up
    DROP = "drop"  # the connection breaks


@dataclass
class Receiver:
    """One receiver: how often each delivery was accepted, by its webhook-id, and what was wrong otherwise.

    `fault` is how it fails, the next `fault_left` times or, when that is None, until it is cleared.
    """

    secret: str | None = None
    accepted: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
    unverified: int = 0
    fault: Fault | None = None
    fault_left: int | None = None

    def next_fault(self) -> Fault | None:
        """Return how this request fails, if it does."""
        if self.fault_left is None:
            return self.fault
        if self.fault_left <= 0:
            return None
        self.fault_left -= 1
        return self.fault

    def fail(self, fault: Fault, times: int | None = None) -> None:
        """Fail so from now on, or only the next `times`."""
        self.fault, self.fault_left = fault, times

    def recover(self) -> None:
        """Work again."""
        self.fault, self.fault_left = None, None


class WebhookSandbox:
    """The receivers, in the running loop, from `async with` to its end."""

    def __init__(self, port: int = 0) -> None:
        self._connections = Connections()
        self._server = LoopbackServer(self._serve, self._connections, port)
        self.receivers: dict[str, Receiver] = {}

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._server.stop()

    async def wait(self) -> None:
        """Return when it no longer serves."""
        await self._server.wait()

    @property
    def address(self) -> str:
        """Where they are."""
        return f"http://{HOST}:{self._server.port}"

    def url(self, name: str) -> str:
        """Return the address of a receiver, which is there from now on; `receivers` gives it its secret."""
        self.receivers.setdefault(name, Receiver())
        return f"{self.address}{PREFIX}{name}"

    @property
    def accepted(self) -> Counter[str]:
        """How often each delivery was accepted, whoever got it."""
        return sum((each.accepted for each in self.receivers.values()), Counter[str]())

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path == "/_sandbox/state":
            await _answer(send, 200, json.dumps(self._state()).encode())
            return
        if scope["method"] != "POST" or not path.startswith(PREFIX):
            await _answer(send, 404)
            return
        receiver = self.receivers.setdefault(path.removeprefix(PREFIX), Receiver())
        receiver.attempts += 1
        body = await _body(receive)
        if body is not None:
            await self._respond(scope, send, receiver, body)

    async def _respond(self, scope: Scope, send: Send, receiver: Receiver, body: bytes) -> None:
        match receiver.next_fault():
            case Fault.SERVER_ERROR:
                await _answer(send, 500)
            case Fault.GONE:
                await _answer(send, 410)
            case Fault.REDIRECT:
                await _answer(send, 302, headers=[(b"location", self.url("elsewhere").encode())])
            case Fault.HANG:
                await asyncio.sleep(3600)
            case Fault.DROP:
                await self._connections.abort(Address(*scope["client"]))
            case None:
                await _answer(send, 204 if _verified(scope, receiver, body) else 401)

    def _state(self) -> dict[str, Any]:
        return {
            name: {
                "attempts": each.attempts,
                "accepted": len(each.accepted),
                "repeated": sum(count - 1 for count in each.accepted.values()),
                "unverified": each.unverified,
            }
            for name, each in self.receivers.items()
        }


def _verified(scope: Scope, receiver: Receiver, body: bytes) -> bool:
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    if receiver.secret is not None:
        try:
            Webhook(receiver.secret).verify(body, headers, json_parse=False)
        except (WebhookVerificationError, binascii.Error, ValueError):
            receiver.unverified += 1
            return False
    message_id = headers.get("webhook-id", "")
    receiver.accepted[message_id] += 1
    receiver.bodies[message_id] = json.loads(body)
    return True


async def _body(receive: Receive) -> bytes | None:
    """Return the body; None when the sender has gone in the middle of it."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _answer(
    send: Send, status: int, body: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": length + (headers or [])})
    await send({"type": "http.response.body", "body": body})


async def _run() -> None:
    async with WebhookSandbox() as sandbox:
        sys.stdout.write(f"{sandbox.address}\n")
        sys.stdout.flush()
        await sandbox.wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run())
