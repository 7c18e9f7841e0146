"""A mail, and the bytes that are sent of it."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address, AddressHeader
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parseaddr
from typing import Any, Self

from mainspring.contracts.mail import is_one_line, wire_address
from mainspring.gateways.smtp.errors import MailUnsendable, SenderUnusable

# RFC 5322: a line has at most 998 characters; a header that is not folded leaves room for its name.
LONGEST_UNFOLDED = 950

MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
LINK = re.compile(r"https?://[!-;=?-~]+")

# What needs no encoding: a subject without the marks of encoded words, a name that needs no quotes.
PLAIN_SUBJECT = re.compile(r"(?!.*=\?)[!-~]{1,70}(?: [!-~]{1,70})*")
PLAIN_NAME = re.compile(r"(?=.{1,60}$)[A-Za-z0-9!'*+/-]+(?: [A-Za-z0-9!'*+/-]+)*")

# The machines on the other side read these as they are: folded, a long one would become an encoded word.
UNFOLDED = {"Message-ID", "List-Unsubscribe"}


@dataclass(frozen=True)
class Mailbox:
    """An address, as in `shop@example.org`, and the name that is shown with it.

    The domain may be an international one; the part before the @ is ASCII without quotes.
    """

    address: str
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `shop@example.org` or `The Shop <shop@example.org>`: for settings, not for users' input."""
        name, address = parseaddr(text)
        return cls(address, name)

    def wire(self) -> str:
        """Return the address as servers know it, its domain in ASCII. Raises MailUnsendable."""
        try:
            return wire_address(self.address)
        except ValueError as error:
            raise MailUnsendable(str(error)) from error


@dataclass(frozen=True)
class Mail:
    """One mail to one person. `message_id` is `<unique@domain>`; a mail that is sent again keeps it.

    `list_unsubscribe` is where a POST takes the recipient off the list (RFC 8058, which asks for https).
    """

    message_id: str
    sender: Mailbox
    recipient: Mailbox
    subject: str
    text: str
    html: str
    list_unsubscribe: str | None = None


@dataclass(frozen=True)
class Envelope:
    """What is handed to a server: the addresses in ASCII, and the message with CRLF at its lines' ends."""

    sender: str
    recipient: str
    message: bytes


def envelope_of(mail: Mail, at: datetime) -> Envelope:
    """Write a mail, dated `at`. Raises MailUnsendable or SenderUnusable, and says what is wrong with it."""
    sender, name, link = _ours(mail)
    recipient = mail.recipient.wire()
    message = EmailMessage(policy=_Policy())
    try:
        message["From"] = Address(name, addr_spec=sender)
        message["To"] = Address(_line(mail.recipient.name, "the recipient's name"), addr_spec=recipient)
        message["Subject"] = _line(mail.subject, "the subject")
        message["Date"] = at
        message["Message-ID"] = _checked(mail.message_id, MESSAGE_ID, "Message-ID")
        # RFC 3834: no holiday notice is sent to an automatic mail.
        message["Auto-Submitted"] = "auto-generated"
        if link is not None:
            message["List-Unsubscribe"] = f"<{link}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        # Not every server takes 8 bits, and none takes lines as long as MJML's.
        message.set_content(mail.text, cte="quoted-printable")
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
        return Envelope(sender, recipient, message.as_bytes())
    except (MessageError, UnicodeError, ValueError) as error:
        raise MailUnsendable(str(error)) from error


def _ours(mail: Mail) -> tuple[str, str, str | None]:
    """Return what the settings have put into it: sender, sender's name, link. Raises SenderUnusable."""
    try:
        name = _line(mail.sender.name, "the sender's name")
        link = mail.list_unsubscribe
        return mail.sender.wire(), name, link and _checked(link, LINK, "link to unsubscribe")
    except MailUnsendable as error:
        raise SenderUnusable(str(error)) from error


class _Policy(EmailPolicy):
    """RFC 5322 with CRLF; what people read is written our way, and some headers are never folded."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"linesep": "\r\n"} | options))

    def fold(self, name: str, value: Any) -> str:
        if isinstance(value, AddressHeader):
            (mailbox,) = value.addresses
            if not mailbox.display_name:
                return f"{name}: {mailbox.addr_spec}{self.linesep}"
            words = self._words(name, mailbox.display_name, PLAIN_NAME)
            return f"{name}: {words}{self.linesep} <{mailbox.addr_spec}>{self.linesep}"
        if name == "Subject":
            return f"{name}: {self._words(name, value, PLAIN_SUBJECT)}{self.linesep}"
        if name in UNFOLDED:
            return f"{name}: {value}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii")

    def _words(self, name: str, text: str, plain: re.Pattern[str]) -> str:
        """Write what a person reads. The policy's own way loses spaces and quotes here and there."""
        charset = "us-ascii" if plain.fullmatch(text) else "utf-8"
        return Header(text, charset, header_name=name).encode(linesep=self.linesep)


def _line(text: str, what: str) -> str:
    if not is_one_line(text):
        raise MailUnsendable(f"{what} has a line break or a control character: {text!r}")
    return text


def _checked(text: str, form: re.Pattern[str], what: str) -> str:
    if len(text) > LONGEST_UNFOLDED or not form.fullmatch(text):
        raise MailUnsendable(f"{text!r} is no {what}")
    return text
