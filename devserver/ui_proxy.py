"""The door of Temporal's Web UI, through which the requests go that `browser_requests` does not refuse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import h11

from mainspring.devserver.browser_requests import refusal

READ_BYTES = 65_536
IDLE_SECONDS = 75
# They speak of one connection, and the door has another one with the UI than with the browser.
HOP_BY_HOP = {b"connection", b"keep-alive", b"te", b"trailer", b"upgrade", b"expect", b"proxy-connection"}
# No page may show the UI in a frame, hold on to a window of it, or use its files.
ANSWERED = [
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
]
REPLACED = HOP_BY_HOP | {b"x-frame-options"}


class Stream:
    """One side of the door: an HTTP/1.1 connection and the bytes that carry it."""

    def __init__(
        self, role: type[h11.SERVER | h11.CLIENT], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.http = h11.Connection(role, max_incomplete_event_size=READ_BYTES)
        self._reader = reader
        self._writer = writer

    async def receive(self) -> h11.Event | type[h11.PAUSED]:
        """Return the next event; RemoteProtocolError when the other end does not speak HTTP."""
        while (event := self.http.next_event()) is h11.NEED_DATA:
            if self.http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            self.http.receive_data(await self._reader.read(READ_BYTES))
        return event  # type: ignore[return-value]  # h11's sentinels are classes, which mypy does not narrow

    async def send(self, event: h11.Event) -> None:
        """Send one event."""
        self._writer.write(self.http.send(event) or b"")
        await self._writer.drain()

    async def body(self) -> AsyncIterator[h11.Event]:
        """Yield the events of the body that comes, its end included."""
        while True:
            event = await self.receive()
            if not isinstance(event, h11.Data | h11.EndOfMessage):
                raise h11.RemoteProtocolError("the connection ended in a body")
            yield event
            if isinstance(event, h11.EndOfMessage):
                return

    async def answer(self, status: HTTPStatus, text: str) -> None:
        """Send a whole answer of our own, and no other after it."""
        body = f"{text}\n".encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await self.send(h11.Response(status_code=status, headers=headers))
        await self.send(h11.Data(data=body))
        await self.send(h11.EndOfMessage())

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


class UiProxy:
    """Lets a browser's requests through to the UI at `host` and `port`, which change when the UI restarts."""

    def __init__(self) -> None:
        self.host = ""
        self.port = 0

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[int]:
        """Serve on `port`, a free one for 0, while the context lasts; yields the port.

        Raises OSError: when the port is taken.
        """
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(Stream(h11.SERVER, reader, writer)))
            connections.add(task)
            task.add_done_callback(connections.discard)

        server = await asyncio.start_server(accept, host, port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in connections:
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(self, browser: Stream) -> None:
        try:
            while await self._answer_one(browser):
                browser.http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            with suppress(h11.LocalProtocolError, OSError):
                await browser.answer(HTTPStatus(error.error_status_hint), "this is not understood")
        except (OSError, TimeoutError):
            pass  # the browser has gone, or says nothing more
        finally:
            browser.close()

    async def _answer_one(self, browser: Stream) -> bool:
        """Answer the next request; return whether another may follow."""
        request = await asyncio.wait_for(browser.receive(), IDLE_SECONDS)
        if not isinstance(request, h11.Request):
            return False
        told = refusal({name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers})
        if told is None and not request.target.startswith(b"/"):
            told = "only the paths of this address are served"
        if told is not None:
            await browser.answer(HTTPStatus.FORBIDDEN, told)
            return False
        try:
            await self._pass_on(request, browser)
        except (OSError, h11.ProtocolError):
            if browser.http.our_state is h11.SEND_RESPONSE:
                await browser.answer(HTTPStatus.BAD_GATEWAY, "Temporal's UI does not answer; try again")
            return False
        return browser.http.our_state is h11.DONE and browser.http.their_state is h11.DONE

    async def _pass_on(self, request: h11.Request, browser: Stream) -> None:
        ui = Stream(h11.CLIENT, *await asyncio.open_connection(self.host, self.port))
        try:
            headers = [pair for pair in request.headers if pair[0] not in HOP_BY_HOP]
            headers.append((b"connection", b"close"))
            await ui.send(h11.Request(method=request.method, target=request.target, headers=headers))
            async for part in browser.body():
                await ui.send(part)
            response = await ui.receive()
            while isinstance(response, h11.InformationalResponse):
                response = await ui.receive()
            if not isinstance(response, h11.Response):
                raise h11.RemoteProtocolError("no answer")
            kept = [pair for pair in response.headers if pair[0] not in REPLACED]
            await browser.send(h11.Response(status_code=response.status_code, headers=kept + ANSWERED))
            async for part in ui.body():
                await browser.send(part)
        finally:
            ui.close()
