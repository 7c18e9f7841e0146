"""E-mail: what is written, and handing it to a server by SMTP."""

from gateways.mail.alerts import Alert, Recipient, Rendered
from gateways.mail.errors import AnswerLost, MailRefused, MailUnsendable, PutOff, ServerAway
from gateways.mail.mailer import Mailer, open_mailer
from gateways.mail.message import Mail, Mailbox
from gateways.mail.rendering import Templates
from gateways.mail.server import MailServer

__all__ = [
    "Alert",
    "AnswerLost",
    "Mail",
    "MailRefused",
    "MailServer",
    "MailUnsendable",
    "Mailbox",
    "Mailer",
    "PutOff",
    "Recipient",
    "Rendered",
    "ServerAway",
    "Templates",
    "open_mailer",
]
