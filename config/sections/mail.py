"""The mail server, and who mails are from."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from mainspring.config.sections.values import Lowercase, WebUrl
from mainspring.gateways.smtp import Mailbox, MailUnsendable


def _check_sender(value: str) -> str:
    try:
        Mailbox.parse(value).wire()
    except MailUnsendable as error:
        raise ValueError("Input should be an address, as The Shop <alerts@example.org>") from error
    return value


Sender = Annotated[str, AfterValidator(_check_sender)]


class MailSettings(BaseModel):
    """How mails are sent."""

    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Annotated[Literal["none", "starttls", "tls"], Lowercase] = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = Field(default=None, repr=False)
    smtp_connections: int = Field(default=4, ge=1)
    mail_from: Sender = "Mainspring <alerts@localhost>"
    mail_on_unknown: Annotated[Literal["resend", "hold"], Lowercase] = "resend"
    shop_name: str = Field(default="The shop", min_length=1)
    public_url: WebUrl = "https://localhost"
