"""What every mail is written from, and what is made of it."""

from dataclasses import dataclass

from mainspring.contracts.mail import is_web_link
from mainspring.gateways.smtp.errors import MailUnsendable


def checked_link(link: str) -> str:
    """Return a link that may stand in a mail. Raises MailUnsendable for any but http and https."""
    if not is_web_link(link):
        raise MailUnsendable(f"{link!r} is not a link to a web page")
    return link


@dataclass(frozen=True)
class Recipient:
    """Who reads it. `locale` is like `de-AT`; one without templates gets its language's, or English."""

    locale: str
    name: str | None = None


@dataclass(frozen=True)
class Rendered:
    """A mail's content."""

    subject: str
    text: str
    html: str
