"""What mails say: templates in the reader's language, apart from how a mail is sent."""

from mainspring.gateways.templates.content import Recipient, Rendered, checked_link
from mainspring.gateways.templates.locales import price_in_words
from mainspring.gateways.templates.rendering import Templates, one_line

__all__ = ["Recipient", "Rendered", "Templates", "checked_link", "one_line", "price_in_words"]
