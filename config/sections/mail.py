"""The mail server, and who mails are from."""

import re
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

import idna
from pydantic import AfterValidator, BaseModel, Field, SecretStr

from mainspring.config.sections.values import Lowercase
from mainspring.contracts.mail import is_one_line, is_web_link
from mainspring.gateways.smtp import Mailbox, MailUnsendable

# The link to unsubscribe begins with it, and has to fit into a line of a mail's header.
LONGEST_PUBLIC_URL = 300

# What stays as it is in a path, beside letters and digits: `%` begins what is encoded already.
IN_PATHS = "/%:@!$&'()*+,;=-._~"

# RFC 5321, 4.1.1.1: a full domain name, or an address in brackets.
HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Za-z.:]{3,60}\]")


def _check_sender(value: str) -> str:
    mailbox = Mailbox.parse(value)
    try:
        mailbox.wire()
    except MailUnsendable as error:
        raise ValueError("Input should be an address, as The Shop <alerts@example.org>") from error
    if not is_one_line(mailbox.name):
        raise ValueError("Input should be an address whose name has no line break or control character")
    return value


def _public_url(value: str) -> str:
    """Return an address as it may stand in a mail's header: the host in ASCII, the rest percent-encoded."""
    accepted = f"Input should be https://HOST/… of up to {LONGEST_PUBLIC_URL} characters, without ? and #"
    parts = urlsplit(value)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or "@" in parts.netloc
        or {*"?#"} & {*value}
    ):
        raise ValueError(accepted)
    try:
        host = _ascii_host(parts.hostname)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError as error:  # as idna's own error is
        raise ValueError(f"{accepted}: {error}") from error
    written = f"{parts.scheme}://{host}{port}{quote(parts.path, safe=IN_PATHS)}"
    if len(written) > LONGEST_PUBLIC_URL or not is_web_link(written):
        raise ValueError(accepted)
    return written


def _ascii_host(host: str) -> str:
    if ":" in host:
        return f"[{ip_address(host)}]"
    return host if host.isascii() else idna.encode(host, uts46=True).decode()


def _envelope_sender(value: str) -> str:
    try:
        return Mailbox(value).wire()
    except MailUnsendable as error:
        raise ValueError("Input should be an address alone, as bounces@example.org") from error


def _check_host_name(value: str) -> str:
    if not HOST_NAME.fullmatch(value):
        raise ValueError("Input should be a host name, as mail.example.org, or an address, as [192.0.2.1]")
    return value


Sender = Annotated[str, AfterValidator(_check_sender)]
EnvelopeSender = Annotated[str, AfterValidator(_envelope_sender)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
HostName = Annotated[str, AfterValidator(_check_host_name)]


class MailSettings(BaseModel):
    """How mails are sent."""

    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Annotated[Literal["none", "starttls", "tls"], Lowercase] = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = Field(default=None, repr=False)
    smtp_connections: int = Field(default=4, ge=1)
    smtp_hello: HostName | None = None
    mail_from: Sender = "Mainspring <alerts@localhost>"
    mail_envelope_from: EnvelopeSender | None = None
    mail_on_unknown: Annotated[Literal["resend", "hold"], Lowercase] = "resend"
    shop_name: str = Field(default="The shop", min_length=1)
    public_url: PublicUrl = "https://localhost"
