"""A mail, and the bytes that are sent of it."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.quoprimime import body_encode
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from typing import Self

from mainspring.contracts.mail import is_one_line, wire_address
from mainspring.gateways.smtp.errors import MailUnsendable, SenderUnusable

# RFC 5322: a line has at most 998 characters; a header that is not folded leaves room for its name.
LONGEST_UNFOLDED = 950

MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
LINK = re.compile(r"https?://[!-;=?-~]+")

# What needs no encoding: a subject without the marks of encoded words, a name that needs no quotes.
PLAIN_SUBJECT = re.compile(r"(?!.*=\?)[!-~]{1,70}(?: [!-~]{1,70})*")
PLAIN_NAME = re.compile(r"(?=.{1,60}$)[A-Za-z0-9!'*+/-]+(?: [A-Za-z0-9!'*+/-]+)*")

EOL = "\r\n"
VERSION = "MIME-Version: 1.0"

# What RFC 5322 asks for: no reader has to break a line.
LONGEST_LINE = 78


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
    """Write a mail, dated `at`. Raises MailUnsendable or SenderUnusable, and says what is wrong with it.

    The bytes are those of Python's `email.message.EmailMessage`, in a third of the time.
    """
    sender, name, link = _ours(mail)
    recipient = mail.recipient.wire()
    boundary = _boundary(mail.message_id)
    try:
        headers = [
            _address("From", name, sender),
            _address("To", _line(mail.recipient.name, "the recipient's name"), recipient),
            f"Subject: {_words('Subject', _line(mail.subject, 'the subject'), PLAIN_SUBJECT)}",
            f"Date: {format_datetime(at)}",
            f"Message-ID: {_checked(mail.message_id, MESSAGE_ID, 'Message-ID')}",
            # RFC 3834: no holiday notice is sent to an automatic mail.
            "Auto-Submitted: auto-generated",
        ]
        if link is not None:
            headers += [f"List-Unsubscribe: <{link}>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
        lines = [
            *headers,
            VERSION,
            f'Content-Type: multipart/alternative;{EOL} boundary="{boundary}"',
            "",
            f"--{boundary}",
            *_part("plain", mail.text),
            f"--{boundary}",
            *_part("html", mail.html, VERSION),
            f"--{boundary}--",
            "",
        ]
        return Envelope(sender, recipient, EOL.join(lines).encode("ascii"))
    except (MessageError, ValueError) as error:
        raise MailUnsendable(str(error)) from error


def _part(subtype: str, text: str, *headers: str) -> tuple[str, ...]:
    """Return the lines of one form of the mail, the last one empty."""
    # Not every server takes 8 bits, and none takes lines as long as MJML's.
    plain = b"\n".join(text.encode().splitlines()) + b"\n"
    body = body_encode(plain.decode("latin-1"), LONGEST_LINE).replace("\n", EOL)
    kind = f'Content-Type: text/{subtype}; charset="utf-8"'
    return kind, "Content-Transfer-Encoding: quoted-printable", *headers, "", body


def _boundary(message_id: str) -> str:
    """Return what stands between the forms: no quoted-printable text has two of its signs in a row."""
    number = int.from_bytes(sha256(message_id.encode("utf-8", "replace")).digest()[:8]) >> 1
    return f"==============={number:019}=="


def _address(header: str, name: str, address: str) -> str:
    if not name:
        return f"{header}: {address}"
    return f"{header}: {_words(header, name, PLAIN_NAME)}{EOL} <{address}>"


def _words(header: str, text: str, plain: re.Pattern[str]) -> str:
    """Write what a person reads. `EmailMessage` loses spaces and quotes here and there."""
    charset = "us-ascii" if plain.fullmatch(text) else "utf-8"
    return Header(text, charset, header_name=header).encode(linesep=EOL)


def _ours(mail: Mail) -> tuple[str, str, str | None]:
    """Return what the settings have put into it: sender, sender's name, link. Raises SenderUnusable."""
    try:
        name = _line(mail.sender.name, "the sender's name")
        link = mail.list_unsubscribe
        return mail.sender.wire(), name, link and _checked(link, LINK, "link to unsubscribe")
    except MailUnsendable as error:
        raise SenderUnusable(str(error)) from error


def _line(text: str, what: str) -> str:
    if not is_one_line(text):
        raise MailUnsendable(f"{what} has a line break or a control character: {text!r}")
    return text


def _checked(text: str, form: re.Pattern[str], what: str) -> str:
    if len(text) > LONGEST_UNFOLDED or not form.fullmatch(text):
        raise MailUnsendable(f"{text!r} is no {what}")
    return text
