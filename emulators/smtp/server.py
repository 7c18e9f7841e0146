"""The mail server as one thing: start it, look into what it accepted, order faults."""

import asyncio
import socket
import ssl
from collections import Counter
from pathlib import Path

from mainspring.emulators.base import Control, Emulator
from mainspring.emulators.smtp.accepted import AcceptedMail
from mainspring.emulators.smtp.certificate import loopback_tls
from mainspring.emulators.smtp.control import control_of
from mainspring.emulators.smtp.faults import MailFaults
from mainspring.emulators.smtp.session import Connections, Desk, Protocol


class SmtpEmulator(Emulator):
    """A mail server.

    With `users` (name and password) it takes mail from those only; with `tls` it offers STARTTLS, by a
    certificate that `trusting` accepts. `keep` is a folder in which each accepted mail is a file that
    mail programs open: 0001.eml and on, also after a restart.
    """

    scheme = "smtp"

    def __init__(
        self,
        *,
        port: int = 0,
        users: dict[str, str] | None = None,
        tls: bool = False,
        keep: Path | None = None,
    ) -> None:
        super().__init__(port)
        self.accepted: list[AcceptedMail] = []
        self.connections = Connections()
        self.trusting: ssl.SSLContext | None = None
        self._certificate: ssl.SSLContext | None = None
        if tls:
            self._certificate, self.trusting = loopback_tls()
        self._users = users
        self._keep = keep
        self._kept = 0
        self._desk = Desk(self._accept, users)
        self._server: asyncio.Server | None = None

    async def _serve(self, listener: socket.socket) -> None:
        if self._keep is not None:
            self._keep.mkdir(parents=True, exist_ok=True)
            self._kept = sum(1 for _ in self._keep.glob("*.eml"))
        self._server = await asyncio.get_running_loop().create_server(self._protocol, sock=listener)

    async def stop(self) -> None:
        """Refuse connections, as a server that is down does, and break those that there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.break_connections()
        # What serves a broken connection is ended in the loop's next rounds.
        for _ in range(3):
            await asyncio.sleep(0)

    async def wait(self) -> None:
        """Return when the emulator no longer serves."""
        if self._server is not None:
            await self._server.serve_forever()

    def break_connections(self) -> None:
        """Break all connections that are open; new ones are accepted."""
        for transport in list(self.connections):
            transport.abort()

    @property
    def control(self) -> Control:
        """What another process can order and see."""
        return control_of(self)

    @property
    def faults(self) -> MailFaults:
        """What goes wrong."""
        return self._desk.faults

    @property
    def attempts(self) -> int:
        """How many mails were tried: those that came as far as a recipient."""
        return self._desk.attempts

    @property
    def refused(self) -> Counter[str]:
        """How often each command was refused by the answers that were ordered."""
        return self._desk.refused

    @property
    def counts(self) -> Counter[str]:
        """How often each mail was accepted, by its Message-ID."""
        return Counter(each.message_id for each in self.accepted)

    def _protocol(self) -> Protocol:
        return Protocol(
            self._desk,
            self.connections,
            tls_context=self._certificate,
            authenticator=self._desk.authenticate,
            auth_require_tls=self._users is None,
            auth_exclude_mechanism=["LOGIN", "PLAIN"] if self._users is None else [],
            loop=asyncio.get_running_loop(),
        )

    def _accept(self, mail: AcceptedMail) -> None:
        if self._keep is not None:
            self._kept += 1
            (self._keep / f"{self._kept:04}.eml").write_bytes(mail.raw)
        self.accepted.append(mail)
