"""Opening the sealed URLs of inputs in the activity that needs their secrets."""

from uuid import UUID

from mainspring.storage.database import Database
from mainspring.storage.errors import SecretUnreadable
from mainspring.storage.ledger import SealedInputs
from mainspring.storage.sealed_urls import open_url
from mainspring.storage.secrets import SecretBox


class InputOpener:
    """Opens the URLs that a field marked `HoldsSecrets` has."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    async def url(self, task_id: UUID, url: str) -> str:
        """Return a URL with its secrets, also when the key that had sealed it is forgotten since.

        Raises SecretUnreadable: when no key opens it as the ledger has it either.
        """
        try:
            return open_url(url, self._box)
        except SecretUnreadable:
            now = await self._database.read(lambda session: SealedInputs(session).url_now(task_id, url))
            return open_url(now, self._box)
