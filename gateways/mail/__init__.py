"""E-mail: what is written, and handing it to a server by SMTP."""

from mainspring.gateways.mail.alerts import Alert, Recipient, Rendered
from mainspring.gateways.mail.errors import AnswerLost, MailRefused, MailUnsendable, PutOff, ServerAway
from mainspring.gateways.mail.mailer import Mailer, open_mailer
from mainspring.gateways.mail.message import Mail, Mailbox
from mainspring.gateways.mail.rendering import Templates
from mainspring.gateways.mail.server import MailServer

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
