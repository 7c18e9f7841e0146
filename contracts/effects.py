"""What is sent to somebody outside, and how far it has come."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from mainspring.contracts.message import Message

# A workspace, and the owner in it whom an effect is for.
Owner = tuple[str, str]


class EffectState(StrEnum):
    """How far an effect has come."""

    INTENDED = "intended"
    """Written by who wants it; next SENDING, or WITHDRAWN."""
    SENDING = "sending"
    """Written when there is a connection for it, before anything goes out; next any of those below."""
    UNKNOWN = "unknown"
    """The answer was lost, and it is sent again; or a person decides: it is held, or nothing of it holds."""
    SENT = "sent"
    """Accepted outside. Final."""
    FAILED = "failed"
    """Refused outside, or given up. Final, but a retry of its task sends it."""
    WITHDRAWN = "withdrawn"
    """Nothing of it held any more when it was to be sent. Final."""


OVER = frozenset({EffectState.SENT, EffectState.WITHDRAWN})
"""Nothing more is sent after one of these."""

IN_DOUBT = frozenset({EffectState.SENDING, EffectState.UNKNOWN})
"""An attempt may have got through when the next attempt finds one of these."""


class OnUnknown(StrEnum):
    """What is done about an effect whose answer was lost."""

    RESEND = "resend"
    """Send it again, under the same reference."""
    HOLD = "hold"
    """Keep it for a person to decide."""


class SendEffect(Message):
    """Send one effect of the ledger. A job whose tasks say more has an input that is one of these."""

    effect_id: UUID


class EffectSent(Message):
    """What became of an effect: `reference` is its name outside, None when nothing was sent."""

    reference: str | None


class Effect(Message):
    """An effect as the ledger has it. `resends` were sent though an earlier attempt may have got through."""

    id: UUID
    workspace: str
    kind: str
    dedupe_key: str
    owner: str
    state: EffectState
    on_unknown: OnUnknown
    reference: str
    recipient: str
    attempts: int
    resends: int
    error: str | None
    task_id: UUID
    created_at: datetime
    sending_at: datetime | None
    settled_at: datetime | None

    @property
    def qualified_owner(self) -> Owner:
        """The owner with the workspace: another workspace may have an owner of the same name."""
        return self.workspace, self.owner
