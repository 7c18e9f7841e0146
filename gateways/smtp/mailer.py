"""Sending mails over a few connections, each of which is used for many."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from mainspring.gateways.certificates import trusted_by_the_system
from mainspring.gateways.errors import CredentialsRefused, Unreachable
from mainspring.gateways.smtp.circuit_breaker import CircuitBreaker
from mainspring.gateways.smtp.connection import Connection, connect
from mainspring.gateways.smtp.errors import MailRefused, PutOff, SenderRefused, ServerAway
from mainspring.gateways.smtp.message import Envelope, Mail, envelope_of
from mainspring.gateways.smtp.server import MailServer

# Servers and the networks between close what is idle, some without a word: not waited for.
LONGEST_IDLE = timedelta(seconds=30)


async def _at_once() -> None:
    """Let a mail begin."""


class Mailer:
    """Hands mails to one server, a few at a time."""

    def __init__(
        self, server: MailServer, *, hello: str, tls: ssl.SSLContext | None, seconds: Callable[[], float]
    ) -> None:
        self._server = server
        self._hello = hello
        self._tls = tls
        self._turns = asyncio.Semaphore(server.connections)
        self._idle: list[Connection] = []
        self._circuit = CircuitBreaker(server.cooldown, seconds)

    @property
    def connections(self) -> int:
        """How many mails are handed over at once."""
        return self._server.connections

    async def send(self, mail: Mail, *, at: datetime, begin: Callable[[], Awaitable[None]] = _at_once) -> str:
        """Send one mail, dated `at`, and return what the server said when it accepted it.

        `begin` is called when there is a connection for it; what it raises ends the sending before it began.
        Raises AnswerLost when it is not known whether the server has it. With any other error it has not:
        ServerAway (it refuses connections, the password or the sender), Unreachable, PutOff, MailRefused,
        MailUnsendable.
        """
        async with self._turns:
            try:
                return await self._send(mail, at, begin)
            except (CredentialsRefused, SenderRefused) as error:
                # It is the operator's to mend, and no mail's fault: all wait. Nor is it tried again and
                # again, for servers lock out who comes with a wrong password, or is refused too often.
                wait = self._circuit.opens(error.detail, is_refusal=True)
                self._close_idle()
                raise ServerAway(error.detail, retry_after=wait, status=error.status) from error

    async def _send(self, mail: Mail, at: datetime, begin: Callable[[], Awaitable[None]]) -> str:
        # Written only now: to write hundreds at once would keep the loop from everything for a second.
        envelope = envelope_of(mail, at)
        if self._server.envelope_sender is not None:
            envelope = replace(envelope, sender=self._server.envelope_sender)
        used = await self._take_idle()
        if used is not None:
            # The server may have left it while nobody looked; that is no failure of the mail.
            with suppress(Unreachable):
                return await self._over(used, envelope, begin)
        return await self._over(await self._connect(), envelope, begin)

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def close(self) -> None:
        """Take leave of the server."""
        while self._idle:
            await self._idle.pop().leave()

    async def _take_idle(self) -> Connection | None:
        """Give the connection that was used last, if it is still good; the others grow old and are closed."""
        while self._idle:
            connection = self._idle.pop()
            idle_seconds = time.monotonic() - connection.used_at
            if connection.is_open and idle_seconds < LONGEST_IDLE.total_seconds():
                return connection
            connection.close()
        return None

    async def _connect(self) -> Connection:
        wait = self._circuit.wait()
        if wait is not None:
            raise ServerAway(self._circuit.because, retry_after=wait)
        try:
            connection = await connect(self._server, self._hello, self._tls)
        except ServerAway as error:
            self._circuit.opens(error.detail)
            raise
        return connection

    async def _over(
        self, connection: Connection, envelope: Envelope, begin: Callable[[], Awaitable[None]]
    ) -> str:
        """Send over a connection, which is kept if it can be used again and otherwise closed."""
        try:
            # Before the server is asked whether it is there still: the mail before has just freed its turn,
            # and one transaction writes that it was sent and that this mail begins.
            await begin()
            if connection.mails:
                await connection.reset()
            answer = await connection.hand_over(envelope)
        except (PutOff, MailRefused):
            self._circuit.closes()
            await self._keep(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._circuit.closes()
        await self._keep(connection)
        return answer

    async def _keep(self, connection: Connection) -> None:
        if connection.mails >= self._server.mails_a_connection:
            await connection.leave()
        elif connection.is_open:
            self._idle.append(connection)


@asynccontextmanager
async def open_mailer(
    server: MailServer, *, tls: ssl.SSLContext | None = None, seconds: Callable[[], float] = time.monotonic
) -> AsyncIterator[Mailer]:
    """Give the gateway, over connections that are closed at the end; nothing is sent yet.

    `tls` says which certificates are good; None is what the machine trusts. `seconds` is the clock by which
    the server is left alone after a failure.
    """
    if server.security != "none" and tls is None:
        tls = await asyncio.to_thread(trusted_by_the_system)
    mailer = Mailer(server, hello=server.hello or socket.gethostname(), tls=tls, seconds=seconds)
    try:
        yield mailer
    finally:
        await mailer.close()
