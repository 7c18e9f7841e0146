"""The bytes of a mail are those that Python's own `EmailMessage` writes."""

import re
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address, AddressHeader
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mainspring.gateways.smtp import Mail, Mailbox
from mainspring.gateways.smtp.message import PLAIN_NAME, PLAIN_SUBJECT, envelope_of

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BOUNDARY = re.compile(rb"={15}\d{19}==")

ODD = st.sampled_from(' "\\<>@,;:=?_.äß猫🂡abc0123456789')
# `EmailMessage` reads what looks like an encoded word, and writes another text.
LINES = (
    st.text(ODD, max_size=120).map(lambda text: " ".join(text.split())).filter(lambda text: "=?" not in text)
)
TEXTS = st.text(st.one_of(ODD, st.sampled_from("\t\r\n\x0b\x85\u2028")), max_size=600)


@given(
    names=st.tuples(LINES, LINES),
    subject=LINES,
    text=TEXTS,
    html=TEXTS,
    token=st.none() | st.from_regex(r"\A[a-z0-9._-]{0,900}\Z"),
)
def test_a_mail_is_written_as_python_writes_it(
    names: tuple[str, str], subject: str, text: str, html: str, token: str | None
) -> None:
    """But for the boundary, which is Python's by chance and ours by the mail's id."""
    mail = Mail(
        message_id="<1.a@shop.example>",
        sender=Mailbox("shop@shop.example", names[0]),
        recipient=Mailbox("ann@example.org", names[1]),
        subject=subject,
        text=text,
        html=html,
        list_unsubscribe=None if token is None else f"https://shop.example/u?t={token}",
    )

    assert BOUNDARY.sub(b"", written_by_python(mail)) == BOUNDARY.sub(b"", envelope_of(mail, AT).message)


def test_a_mail_that_is_sent_again_is_the_same() -> None:
    """To the byte: a server may drop the second one as a duplicate."""
    mail = Mail("<1@shop.example>", Mailbox("shop@shop.example"), Mailbox("a@example.org"), "a", "b", "c")

    assert envelope_of(mail, AT) == envelope_of(mail, AT)


def written_by_python(mail: Mail) -> bytes:
    """Write a mail with the standard library's own class."""
    message = EmailMessage(policy=Policy())
    message["From"] = Address(mail.sender.name, addr_spec=mail.sender.address)
    message["To"] = Address(mail.recipient.name, addr_spec=mail.recipient.address)
    message["Subject"] = mail.subject
    message["Date"] = AT
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    if mail.list_unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{mail.list_unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


class Policy(EmailPolicy):
    """RFC 5322 with CRLF; what people read is written our way, and some headers are never folded."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"linesep": "\r\n"} | options))

    def fold(self, name: str, value: Any) -> str:
        """Write a header."""
        if isinstance(value, AddressHeader):
            (mailbox,) = value.addresses
            if not mailbox.display_name:
                return f"{name}: {mailbox.addr_spec}{self.linesep}"
            words = self._words(name, mailbox.display_name, PLAIN_NAME)
            return f"{name}: {words}{self.linesep} <{mailbox.addr_spec}>{self.linesep}"
        if name == "Subject":
            return f"{name}: {self._words(name, value, PLAIN_SUBJECT)}{self.linesep}"
        if name in {"Message-ID", "List-Unsubscribe"}:
            return f"{name}: {value}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Write a header as bytes."""
        return self.fold(name, value).encode("ascii")

    def _words(self, name: str, text: str, plain: re.Pattern[str]) -> str:
        charset = "us-ascii" if plain.fullmatch(text) else "utf-8"
        return Header(text, charset, header_name=name).encode(linesep=self.linesep)
