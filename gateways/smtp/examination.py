"""Whether a mail server takes mails of ours, without sending one."""

import asyncio
import socket
import ssl

from mainspring.gateways.certificates import trusted_by_the_system
from mainspring.gateways.smtp.connection import connect
from mainspring.gateways.smtp.errors import MailRefused, PutOff
from mainspring.gateways.smtp.message import Mailbox
from mainspring.gateways.smtp.server import MailServer


async def examine_server(server: MailServer, sender: Mailbox, *, tls: ssl.SSLContext | None = None) -> None:
    """Greet the server, log in, and name our sender to it, as the sender and the recipient of a mail.

    Many servers refuse a host name or a sender only when a recipient is named. Raises what `Mailer.send`
    raises for what is about us: ServerAway, SenderRefused, CredentialsRefused, SenderUnusable, Unreachable.
    """
    address = sender.wire()
    if server.security != "none" and tls is None:
        tls = await asyncio.to_thread(trusted_by_the_system)
    connection = await connect(server, server.hello or socket.gethostname(), tls)
    try:
        await connection.name(server.envelope_sender or address, address)
    except (MailRefused, PutOff):
        pass  # nobody reads the sender's mailbox, perhaps: no fault of the server
    finally:
        await connection.leave()
