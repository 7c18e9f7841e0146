"""One connection to a mail server, and the handing over of one mail, step by step.

The steps are taken one by one because it matters at which of them something breaks: until the message itself
is written, the server cannot have accepted it; from then on only its answer can tell.
"""

import asyncio
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import aiosmtplib

from mainspring.gateways.errors import CredentialsRefused, GatewayError, Unreachable
from mainspring.gateways.smtp.errors import (
    SERVICE,
    AnswerLost,
    MailRefused,
    PutOff,
    SenderRefused,
    ServerAway,
    enhanced_code,
)
from mainspring.gateways.smtp.message import Envelope
from mainspring.gateways.smtp.refusals import Step, is_about_us
from mainspring.gateways.smtp.server import MailServer

COMPLETED = range(200, 300)
GO_ON_WITH_DATA = 354
CLOSING = 421
FIRST_TEMPORARY = 400
FIRST_FINAL = 500

# RFC 4954: log in first, a stronger mechanism is needed, wrong, encryption is needed.
NOT_LOGGED_IN = {530, 534, 535, 538}

# A line that begins with a dot gets another one (RFC 5321, 4.5.2).
LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)

# What a polite farewell may take; nothing depends on it.
FAREWELL_SECONDS = 1


class Connection:
    """An open connection: greeted, encrypted and logged in."""

    def __init__(self, smtp: aiosmtplib.SMTP, answer_timeout: timedelta) -> None:
        self._smtp = smtp
        self._answer_seconds = answer_timeout.total_seconds()
        self.mails = 0
        self.used_at = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether it can be used, as far as is known."""
        return self._smtp.is_connected

    async def reset(self) -> None:
        """Begin anew, and see that the server is still there. Raises Unreachable."""
        with _before_the_message():
            answer = await self._smtp.execute_command(b"RSET")
        if answer.code not in COMPLETED:
            raise Unreachable(f"{answer.code} {answer.message}", service=SERVICE, status=answer.code)

    async def hand_over(self, envelope: Envelope) -> str:
        """Give one message to the server and return what it says.

        Raises PutOff, MailRefused or SenderRefused for its answers, Unreachable when the message was surely
        not handed over, and AnswerLost when it was and no answer came. A connection that broke is closed.
        """
        self.mails += 1
        self.used_at = time.monotonic()
        with _before_the_message():
            await self.name(envelope.sender, envelope.recipient)
            answer = await self._smtp.execute_command(b"DATA")
            if answer.code != GO_ON_WITH_DATA:
                raise _refusal(answer, Step.RECIPIENT)
            protocol = self._smtp.protocol
            if protocol is None:
                raise Unreachable("the connection broke", service=SERVICE)
            # Nothing is written when this raises.
            protocol.write(LEADING_DOT.sub(b"..", envelope.message) + b".\r\n")
        try:
            answer = await protocol.read_response(timeout=self._answer_seconds)
        except (aiosmtplib.SMTPException, OSError) as error:
            self.close()
            raise AnswerLost(_said(error), service=SERVICE) from error
        self.used_at = time.monotonic()
        if answer.code == CLOSING:
            self.close()
        return _accept(answer, Step.MESSAGE)

    async def name(self, sender: str, recipient: str) -> None:
        """Name the sender and the recipient of a mail. Raises as `hand_over` does, but AnswerLost."""
        with _before_the_message():
            answer = await self._smtp.execute_command(b"MAIL", f"FROM:<{sender}>".encode())
            _accept(answer, Step.SENDER)
            answer = await self._smtp.execute_command(b"RCPT", f"TO:<{recipient}>".encode())
            _accept(answer, Step.RECIPIENT)

    def close(self) -> None:
        """Break it off."""
        self._smtp.close()

    async def leave(self) -> None:
        """Say farewell, unless that takes long."""
        with suppress(aiosmtplib.SMTPException, OSError):
            await self._smtp.quit(timeout=FAREWELL_SECONDS)
        self.close()


async def connect(server: MailServer, hello: str, tls: ssl.SSLContext | None) -> Connection:
    """Open a connection. Raises CredentialsRefused, or ServerAway, whose words say what was wrong."""

    def away(words: str, status: int | None) -> ServerAway:
        return ServerAway(words, retry_after=server.cooldown, status=status)

    smtp = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=tls,
        # Otherwise each connection asks the resolver for the machine's name, which takes seconds in places.
        local_hostname=hello,
        timeout=server.timeout.total_seconds(),
    )
    try:
        with _before_the_message(away):
            await smtp.connect()
            if smtp.is_ehlo_or_helo_needed:
                await smtp.ehlo()
            await _log_in(smtp, server)
    except (Exception, asyncio.CancelledError):
        smtp.close()
        raise
    return Connection(smtp, server.answer_timeout)


async def _log_in(smtp: aiosmtplib.SMTP, server: MailServer) -> None:
    if server.username is None:
        return
    if not smtp.supports_extension("auth"):
        raise CredentialsRefused("the server offers no way to log in without more security", service=SERVICE)
    try:
        await smtp.login(server.username, server.password or "")
    except aiosmtplib.SMTPAuthenticationError as error:
        if error.code < FIRST_FINAL:  # 454: it cannot look the password up just now
            raise
        raise CredentialsRefused(
            error.message, service=SERVICE, status=error.code, code=enhanced_code(error.message)
        ) from error


def _unreachable(words: str, status: int | None) -> Unreachable:
    return Unreachable(words, service=SERVICE, status=status)


@contextmanager
def _before_the_message(
    broken: Callable[[str, int | None], Unreachable] = _unreachable,
) -> Iterator[None]:
    """Turn whatever breaks into Unreachable: no server accepts a message that it was not given."""
    try:
        yield
    except aiosmtplib.SMTPResponseException as error:
        raise broken(f"{error.code} {error.message}", error.code) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise broken(_said(error), None) from error


def _accept(answer: aiosmtplib.SMTPResponse, step: Step) -> str:
    """Return the server's words when it agrees."""
    if answer.code in COMPLETED:
        return answer.message
    if answer.code < FIRST_TEMPORARY and step is Step.MESSAGE:
        raise AnswerLost(f"{answer.code} {answer.message}", service=SERVICE, status=answer.code)
    raise _refusal(answer, step)


def _refusal(answer: aiosmtplib.SMTPResponse, step: Step) -> GatewayError:
    status, code = answer.code, enhanced_code(answer.message)
    words = f"{status} {answer.message}"
    if status in NOT_LOGGED_IN:
        return CredentialsRefused(words, service=SERVICE, status=status, code=code)
    # With 421 the server closes the connection, and what it says is seldom about the mail.
    is_closing = status == CLOSING and step is not Step.MESSAGE
    if not is_closing and is_about_us(step, status, code, answer.message):
        return SenderRefused(words, service=SERVICE, status=status, code=code)
    if status >= FIRST_FINAL:
        return MailRefused(words, service=SERVICE, status=status, code=code)
    if status < FIRST_TEMPORARY or is_closing:
        return Unreachable(words, service=SERVICE, status=status)
    return PutOff(words, service=SERVICE, status=status, code=code)


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
