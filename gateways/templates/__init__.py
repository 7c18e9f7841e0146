"""What mails say: templates in the reader's language, apart from how a mail is sent."""

from mainspring.gateways.templates.alerts import Alert, Recipient, Rendered
from mainspring.gateways.templates.rendering import Templates

__all__ = ["Alert", "Recipient", "Rendered", "Templates"]
