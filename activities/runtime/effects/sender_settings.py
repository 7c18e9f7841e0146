"""What every mail has of us, whatever the mail tells."""

from dataclasses import dataclass
from uuid import UUID

from mainspring.contracts.effects import OnUnknown
from mainspring.domain.unsubscribe import UnsubscribeScope, Unsubscribing, make_token, unsubscribe_url
from mainspring.gateways.smtp import Mailbox


@dataclass(frozen=True)
class SenderSettings:
    """What every mail has: who it is from, where it is unsubscribed, what is done if its answer is lost."""

    sender: Mailbox
    public_url: str
    token_key: bytes
    on_unknown: OnUnknown = OnUnknown.RESEND

    def message_id(self, effect_id: UUID) -> str:
        """Return the Message-ID of a mail, the same for each attempt."""
        return f"<{effect_id}@{self.sender.wire().rpartition('@')[2]}>"

    def unsubscribe_link(self, workspace: str, user_id: str, scope: UnsubscribeScope) -> str:
        """Return the link by which a user switches off what the mail is one of."""
        token = make_token(Unsubscribing(user_id, scope, workspace), self.token_key)
        return unsubscribe_url(self.public_url, token)
