"""E-mail: what is handed to a server by SMTP, and how."""

from mainspring.gateways.smtp.errors import AnswerLost, MailRefused, MailUnsendable, PutOff, ServerAway
from mainspring.gateways.smtp.examination import examine_server
from mainspring.gateways.smtp.mailer import Mailer, open_mailer
from mainspring.gateways.smtp.message import Mail, Mailbox
from mainspring.gateways.smtp.server import MailServer

__all__ = [
    "AnswerLost",
    "Mail",
    "MailRefused",
    "MailServer",
    "MailUnsendable",
    "Mailbox",
    "Mailer",
    "PutOff",
    "ServerAway",
    "examine_server",
    "open_mailer",
]
