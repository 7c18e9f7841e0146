"""What mails say: templates in the reader's language, apart from how a mail is sent."""

from mainspring.gateways.templates.content import MailItem, Recipient, Rendered
from mainspring.gateways.templates.rendering import Templates

__all__ = ["MailItem", "Recipient", "Rendered", "Templates"]
