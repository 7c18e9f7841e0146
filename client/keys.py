"""The keys of an installation, and what is sealed with them."""

from mainspring.client.errors import BadInput
from mainspring.config.secrets import (
    LINKS_FILE,
    SEALING_FILE,
    add_kept_key,
    forget_kept_keys,
    link_keys,
    sealing_keys,
    secret_box,
)
from mainspring.config.settings import Settings
from mainspring.storage.database import Database
from mainspring.storage.sealed_rows import SealedCount, count_sealed, reseal


class Keys:
    """The keys for secrets and the keys for links in mails. Keys of the settings are rotated there."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def rotate(self) -> SealedCount:
        """Make a new key for secrets, and seal all secrets with it.

        Raises BadInput: when the settings give the key.
        """
        self._refuse_key_of_settings()
        add_kept_key(self._settings.state_dir, SEALING_FILE)
        return await self.reseal()

    def rotate_links(self) -> None:
        """Make a new key for links; links that a former key has signed still hold.

        Raises BadInput: when the settings give the key.
        """
        self._refuse_links_of_settings()
        add_kept_key(self._settings.state_dir, LINKS_FILE)

    async def forget(self) -> int:
        """Drop the former keys for secrets, once nothing is sealed with them; return how many.

        Raises BadInput: when the settings give the key, or the newest key does not open everything.
        """
        self._refuse_key_of_settings()
        left = await self.reseal()
        if left.former or left.unreadable:
            raise BadInput(f"{left.former + left.unreadable} secrets are not sealed with the newest key")
        return forget_kept_keys(self._settings.state_dir, SEALING_FILE)

    def forget_links(self) -> int:
        """Drop the former keys for links, whose links in old mails hold no longer; return how many.

        Raises BadInput: when the settings give the key.
        """
        self._refuse_links_of_settings()
        return forget_kept_keys(self._settings.state_dir, LINKS_FILE)

    async def reseal(self) -> SealedCount:
        """Seal with the newest key what a former key has sealed; return what is there now."""
        await reseal(self._database, secret_box(self._settings))
        return await self.count()

    async def count(self) -> SealedCount:
        """Count the secrets by the kind of key that has sealed them."""
        return await count_sealed(self._database, secret_box(self._settings))

    @property
    def former(self) -> tuple[int, int]:
        """How many former keys for secrets and for links are known."""
        return len(sealing_keys(self._settings)) - 1, len(link_keys(self._settings)) - 1

    def _refuse_key_of_settings(self) -> None:
        if self._settings.encryption_key is not None:
            raise BadInput(
                "the settings give the key: change MAINSPRING_ENCRYPTION_KEY and "
                "MAINSPRING_FORMER_ENCRYPTION_KEYS there, then `mainspring keys reseal` (docs/operating.md)"
            )

    def _refuse_links_of_settings(self) -> None:
        if self._settings.link_key is not None or self._settings.encryption_key is not None:
            raise BadInput(
                "the settings give the key for links: change MAINSPRING_LINK_KEY and "
                "MAINSPRING_FORMER_LINK_KEYS there (docs/operating.md)"
            )
