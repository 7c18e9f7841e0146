"""What the mail server says to each command; aiosmtpd speaks the protocol around it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mainspring.emulators.smtp.accepted import AcceptedMail
from mainspring.emulators.smtp.faults import MailFault, MailFaults

FOREVER_SECONDS = 3600


class Connections(set[asyncio.Transport]):
    """The open connections. `made` counts all that there were, `most` how many there were at once."""

    made = 0
    most = 0

    def add(self, transport: asyncio.Transport) -> None:
        """Note one that was made."""
        super().add(transport)
        self.made += 1
        self.most = max(self.most, len(self))


class Mail(Envelope):
    """One mail, and how it is to go wrong."""

    fault: MailFault | None = None


class Protocol(SMTP):
    """aiosmtpd's protocol, which tells of every connection, or refuses it."""

    def __init__(self, desk: "Desk", connections: Connections, **options: Any) -> None:
        super().__init__(desk, hostname="emulator", **options)
        self._desk = desk
        self._connections = connections
        self._counted: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, unless it is to be refused."""
        super().connection_made(transport)
        if self._counted is None and isinstance(transport, asyncio.Transport):
            self._counted = transport
            self._connections.add(transport)
            if self._desk.faults.refuses_connection():
                transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget it."""
        if self._counted is not None:
            self._connections.discard(self._counted)
        super().connection_lost(error)

    def _create_envelope(self) -> Mail:
        return Mail()

    def abort(self) -> None:
        """Break the connection at once, as a pulled cable would."""
        if self._counted is not None:
            self._counted.abort()


class Desk:
    """Takes mails: decides at each recipient how it goes, and keeps what is accepted."""

    def __init__(self, keep: Callable[[AcceptedMail], None], users: dict[str, str] | None) -> None:
        self._keep = keep
        self._users = users
        self.faults = MailFaults()
        self.attempts = 0
        self.refused: Counter[str] = Counter()

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: Any
    ) -> AuthResult:
        """Accept the users that there are."""
        knows = (
            isinstance(login, LoginPassword)
            and self._users is not None
            and self._users.get(login.login.decode()) == login.password.decode()
        )
        return AuthResult(success=knows, handled=False)

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail."""
        if self._users is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if "MAIL" in self.faults.answers:
            return self._refused("MAIL", session)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Protocol, session: Session, envelope: Mail, address: str, _options: list[str]
    ) -> str:
        """Take a recipient; a mail here has one, and the fault that strikes it is chosen now."""
        self.attempts += 1
        if "RCPT" in self.faults.answers:
            return self._refused("RCPT", session)
        fault = self.faults.strikes(address)
        match fault:
            case MailFault.LATER:
                return "451 4.7.1 Try again later"
            case MailFault.REFUSED:
                return "550 5.1.1 No such mailbox"
            case MailFault.HANG:
                await asyncio.sleep(FOREVER_SECONDS)
            case MailFault.DROP:
                await _broken(server)
            case MailFault.CLOSING:
                await server.push("421 4.3.2 Closing")
                await _broken(server)
        envelope.rcpt_tos.append(address)
        envelope.fault = fault
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Protocol, _session: Session, envelope: Mail
    ) -> str:
        """Take the message."""
        match fault := envelope.fault:
            case MailFault.CONTENT_LATER:
                return "451 4.3.0 Try again later"
            case MailFault.CONTENT_REFUSED:
                return "554 5.6.0 Not such a message"
            case MailFault.DROP_UNACCEPTED:
                await _broken(server)
        answered = fault not in {MailFault.DROP_ACCEPTED, MailFault.HANG_ACCEPTED}
        content = envelope.content
        self._keep(
            AcceptedMail(
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                raw=content if isinstance(content, bytes) else (content or "").encode(),
                at=datetime.now(UTC),
                answered=answered,
            )
        )
        if fault is MailFault.DROP_ACCEPTED:
            await _broken(server)
        if fault is MailFault.HANG_ACCEPTED:
            await asyncio.sleep(FOREVER_SECONDS)
        return "250 2.0.0 OK"

    def _refused(self, verb: str, session: Session) -> str:
        """Say what was ordered; `{hello}` is the name that the client has said."""
        self.refused[verb] += 1
        return self.faults.answers[verb].replace("{hello}", session.host_name or "")


async def _broken(server: Protocol) -> None:
    server.abort()
    await asyncio.sleep(FOREVER_SECONDS)  # aiosmtpd ends whoever serves a lost connection
