"""Sealing the URLs with secrets that inputs hold, before the inputs are stored or sent."""

from typing import TypeVar

from mainspring.contracts.flows import RunFlow
from mainspring.contracts.message import Message
from mainspring.contracts.secret_urls import fields_with_secrets, is_sealed
from mainspring.contracts.tasks import JsonObject
from mainspring.storage.data_passes import is_sealing_put_off
from mainspring.storage.database import Database
from mainspring.storage.errors import SecretUnreadable
from mainspring.storage.sealed_rows import SealedCount
from mainspring.storage.sealed_urls import is_newest_url, reseal_url, seal_url
from mainspring.storage.secrets import SecretBox
from mainspring.workflows.run_flow import RUN_FLOW
from mainspring.workflows.runtime.catalogue import JOBS
from mainspring.workflows.runtime.secret_fields import with_secrets_changed

In = TypeVar("In", bound=Message)

# A flow's steps are inputs of jobs.
JOBS_WITH_SECRETS = frozenset({RUN_FLOW.name, *(job.name for job in JOBS if fields_with_secrets(job.input))})


class Sealing:
    """Seals the inputs of new tasks, unless workers that open nothing sealed may still run."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box
        self._has_begun = False

    async def message(self, message: In) -> In:
        """Return a job's input as it is to be stored."""
        if not isinstance(message, RunFlow) and not fields_with_secrets(type(message)):
            return message
        # Once begun, for ever.
        self._has_begun = self._has_begun or not await is_sealing_put_off(self._database)
        return InputSealer(self._box).message(message) if self._has_begun else message


class InputSealer:
    """Seals inputs with the newest key, and counts what it sees of former ones.

    With `seals_plain=False` it leaves alone what is not sealed.
    """

    def __init__(self, box: SecretBox, *, seals_plain: bool = True) -> None:
        self._box = box
        self._seals_plain = seals_plain
        self.count = SealedCount()

    def message(self, message: In) -> In:
        """Return a job's input with its secrets sealed."""
        if isinstance(message, RunFlow):
            steps = [
                step.model_copy(update={"input": self.fields(step.job, step.input)}) for step in message.steps
            ]
            return message.model_copy(update={"steps": tuple(steps)})
        names = fields_with_secrets(type(message))
        if not names:
            return message
        return message.model_copy(update={name: self._sealed(getattr(message, name)) for name in names})

    def fields(self, job: str, given: JsonObject) -> JsonObject:
        """Return a job's input, as JSON, with its secrets sealed."""
        return with_secrets_changed(job, given, self._sealed)

    def _sealed(self, url: str) -> str:
        try:
            if not is_sealed(url):
                if not self._seals_plain:
                    return url
                sealed = seal_url(url, self._box)
                self.count += SealedCount(newest=int(sealed != url))
                return sealed
            if is_newest_url(url, self._box):
                self.count += SealedCount(newest=1)
                return url
            self.count += SealedCount(former=1)
            return reseal_url(url, self._box)
        except SecretUnreadable:
            self.count += SealedCount(unreadable=1)
            return url
