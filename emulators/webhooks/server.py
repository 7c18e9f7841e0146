"""The receivers as one thing: each path is one of its own, `POST /hooks/NAME`.

Plain ASGI: the measurements send thousands a second.
"""

import asyncio
from collections import Counter

from starlette.datastructures import Address
from starlette.types import Receive, Scope, Send

from mainspring.emulators.base import Control
from mainspring.emulators.http import Connections, HttpEmulator
from mainspring.emulators.webhooks.receiver import Fault, Receiver

PREFIX = "/hooks/"


class WebhookEmulator(HttpEmulator):
    """The receivers, by their names."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(self._handle, Connections(), port)
        self.receivers: dict[str, Receiver] = {}

    @property
    def control(self) -> Control:
        """The order faults, such as `{"receiver": "shop", "fault": "gone", "times": 2}`, and reset."""
        return Control(
            orders={"faults": self._order_fault, "reset": self._recover},
            views={},
            state=lambda: {name: each.state for name, each in self.receivers.items()},
        )

    def _order_fault(self, *, receiver: str, fault: str, times: int | None = None) -> None:
        self.receivers.setdefault(receiver, Receiver()).fail(Fault(fault), times)

    def _recover(self) -> None:
        for receiver in self.receivers.values():
            receiver.recover()

    def url(self, name: str) -> str:
        """Return the address of a receiver, which is there from now on; `receivers` gives it its secret."""
        self.receivers.setdefault(name, Receiver())
        return f"{self.address}{PREFIX}{name}"

    @property
    def accepted(self) -> Counter[str]:
        """How often each delivery was accepted, whoever got it."""
        return sum((each.accepted for each in self.receivers.values()), Counter[str]())

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
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
                headers = {name.decode(): value.decode() for name, value in scope["headers"]}
                await _answer(send, 204 if receiver.accept(headers, body) else 401)


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
