"""What a command says of an error, and its exit code: 2 for bad input, 3 while the world is away, else 1.

Imported when something went wrong: most commands get on without most of these modules.
"""

from temporalio.service import RPCError, RPCStatusCode

from mainspring.cli.console import AWAY, BAD_INPUT, FAILED
from mainspring.client.errors import (
    AmbiguousTask,
    BadInput,
    ClientError,
    GroupUnknown,
    JobIsInternal,
    NothingHere,
    OtherLedger,
    TaskNotRetryable,
    TaskUnknown,
)
from mainspring.client.schedules.errors import ScheduleUnknown
from mainspring.config.connect import TemporalUnreachable
from mainspring.config.settings_errors import SettingsError
from mainspring.devserver import EmbeddedTemporalError
from mainspring.gateways.errors import GatewayError, TransientError
from mainspring.storage.errors import (
    AccountExists,
    AccountUnknown,
    AlreadyRetried,
    DatabaseAway,
    EffectUnknown,
    StorageError,
    SubscriptionUnknown,
)
from mainspring.workflows.runtime.catalogue import UnknownJob

# What was typed names nothing, or is not accepted.
BAD = (
    BadInput,
    SettingsError,
    AlreadyRetried,
    TaskNotRetryable,
    TaskUnknown,
    AmbiguousTask,
    GroupUnknown,
    JobIsInternal,
    NothingHere,
    OtherLedger,
    ScheduleUnknown,
    UnknownJob,
    AccountExists,
    AccountUnknown,
    EffectUnknown,
    SubscriptionUnknown,
)
GONE = (TemporalUnreachable, DatabaseAway, TransientError)
# Temporal is there, and does not do what it was asked.
ANSWERS = {RPCStatusCode.NOT_FOUND, RPCStatusCode.ALREADY_EXISTS, RPCStatusCode.FAILED_PRECONDITION}


def refusal(error: Exception) -> tuple[str, int] | None:
    """Return a sentence and an exit code; None for an error that nobody has foreseen."""
    if isinstance(error, BAD):
        return str(error), BAD_INPUT
    if isinstance(error, GONE):
        return str(error), AWAY
    if isinstance(error, RPCError):  # of a call that no gateway translates; connecting has its own error
        return f"Temporal: {error.message}", FAILED if error.status in ANSWERS else AWAY
    if isinstance(error, ClientError | StorageError | GatewayError | EmbeddedTemporalError):
        return str(error), FAILED
    return None
