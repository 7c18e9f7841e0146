"""Check of the mail server: does it take mails of ours."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

from mainspring.client.checks.findings import Finding
from mainspring.config.gateways.mail import mail_server
from mainspring.config.settings import Settings
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.smtp import Mailbox, examine_server

SETTING = "smtp_host"

# Whoever runs the checks waits for each step.
PATIENCE = timedelta(seconds=10)


async def check_mail(settings: Settings) -> AsyncIterator[Finding]:
    """Check that the server can be connected to, and takes our host name, password and sender."""
    server = replace(mail_server(settings), timeout=PATIENCE)
    sender = Mailbox.parse(settings.mail_from)
    where = f"{server.host}:{server.port}"
    try:
        await examine_server(server, sender)
    except GatewayError as error:
        if settings.smtp_host is None:
            found = "MAINSPRING_SMTP_HOST is not set, and nobody takes mails on this machine"
            yield Finding("mail server", found, "set it, or mails wait", SETTING, is_notice=True)
            return
        yield Finding(
            "mail server", f"{where}: {error}", "correct MAINSPRING_SMTP_… and MAINSPRING_MAIL_FROM", SETTING
        )
        return
    yield Finding("mail server", f"{where} takes mails from {sender.address}", setting=SETTING)
