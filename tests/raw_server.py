"""A web server that answers with the bytes that a test wants, right or wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def raw_server(
    answer: Callable[[bool], Awaitable[bytes]], seen: list[bytes] | None = None
) -> AsyncIterator[str]:
    """Answer each request, told whether it asks for a range, and close; give the address.

    `seen` is given the head of each request.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        said = await answer(b"\r\nrange:" in head.lower())
        writer.write(said if b"\r\n\r\n" in said else said + b"Content-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
