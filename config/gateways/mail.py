"""The mail server, and the templates of what is mailed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mainspring.config.gateways import Gateways
from mainspring.config.settings import Settings
from mainspring.gateways.smtp import Mailer, MailServer, open_mailer
from mainspring.gateways.templates import Templates


@asynccontextmanager
async def open_gateways(settings: Settings) -> AsyncIterator[Gateways]:
    """Give the mailer and the templates."""
    async with open_mailer(mail_server(settings)) as mailer:
        yield {Mailer: mailer, Templates: Templates(settings.shop_name)}


def mail_server(settings: Settings) -> MailServer:
    """Return how mails are handed over."""
    password = settings.smtp_password
    return MailServer(
        settings.smtp_host or "localhost",
        settings.smtp_port,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=None if password is None else password.get_secret_value(),
        connections=settings.smtp_connections,
        hello=settings.smtp_hello,
        envelope_sender=settings.mail_envelope_from,
    )
