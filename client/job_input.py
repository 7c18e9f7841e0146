"""A job's input as an API or a command gets it: fields, and an account by its name."""

from mainspring.client.accounts import Accounts
from mainspring.client.errors import BadInput
from mainspring.client.validation import validated
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import JsonObject
from mainspring.workflows.runtime.job import AnyJob

ACCOUNT_FIELD = "account_id"


async def job_input(
    accounts: Accounts, job: AnyJob, fields: JsonObject, *, account: str | None, option: str = "account"
) -> Message:
    """Return the input of a job; `account`, an account's name or id, gives the field `account_id`.

    `option` is what the caller calls the account.
    Raises BadInput: when a field is not accepted, or the job has no account.
    Raises AccountUnknown: when there is no such account.
    """
    if account is not None:
        if ACCOUNT_FIELD not in job.input.model_fields:
            raise BadInput(f"{option}: {job.name} has no account")
        fields = fields | {ACCOUNT_FIELD: str((await accounts.find(account)).id)}
    message: Message = validated(job, fields, options={ACCOUNT_FIELD: f"{option} NAME gives it"})
    return message
