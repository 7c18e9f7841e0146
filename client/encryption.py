"""The keys of an installation, and what is sealed with them."""

from mainspring.client.api_keys import name_of
from mainspring.client.errors import BadInput
from mainspring.client.sealing import JOBS_WITH_SECRETS, InputSealer
from mainspring.config.secrets import (
    LINKS_FILE,
    SEALING_FILE,
    add_kept_key,
    forget_kept_keys,
    former_keys,
    kept_keys,
    sealing_keys,
    secret_box,
)
from mainspring.config.settings import Settings
from mainspring.gateways.clock import SystemClock
from mainspring.storage.api_keys import PresentedKeys
from mainspring.storage.data_passes import (
    begin_sealing,
    inputs_of,
    is_sealing_put_off,
    rewrite_inputs,
)
from mainspring.storage.database import Database
from mainspring.storage.receivers import ReceiverRepository
from mainspring.storage.sealed_rows import SealedCount, count_sealed, reseal


class Encryption:
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
        return await self._seal_anew()

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
        await self._refuse_keys_of_callers()
        # A key that another rotation replaces meanwhile is not forgotten: everything was sealed with it.
        former = kept_keys(self._settings.state_dir, SEALING_FILE)[1:]
        left = await self._seal_anew()
        if left.former or left.unreadable:
            raise BadInput(f"{left.former + left.unreadable} secrets are not sealed with the newest key")
        return forget_kept_keys(self._settings.state_dir, SEALING_FILE, former)

    def forget_links(self) -> int:
        """Drop the former keys for links, whose links in old mails hold no longer; return how many.

        Raises BadInput: when the settings give the key.
        """
        self._refuse_links_of_settings()
        former = kept_keys(self._settings.state_dir, LINKS_FILE)[1:]
        return forget_kept_keys(self._settings.state_dir, LINKS_FILE, former)

    async def reseal(self) -> SealedCount:
        """Seal with the newest key what a former key has sealed, or none; return what is there now.

        Workers and clients of release 0.1 cannot read what they have written themselves after this.
        """
        await begin_sealing(self._database, SystemClock().now())
        return await self._seal_anew()

    async def _seal_anew(self) -> SealedCount:
        box, seals_plain = secret_box(self._settings), not await is_sealing_put_off(self._database)
        sealer = InputSealer(box, seals_plain=seals_plain)
        await rewrite_inputs(self._database, JOBS_WITH_SECRETS, sealer.fields)
        if seals_plain:
            await self._database.transact(lambda session: ReceiverRepository(session).seal_urls(box))
        await reseal(self._database, box)
        return await self.count()

    async def count(self) -> SealedCount:
        """Count the secrets by the kind of key that has sealed them."""
        box = secret_box(self._settings)
        seen = InputSealer(box, seals_plain=False)
        async for page in inputs_of(self._database, JOBS_WITH_SECRETS):
            for each in page:
                seen.fields(each.job, each.input)
        return await count_sealed(self._database, box) + seen.count

    @property
    def former(self) -> tuple[int, int]:
        """How many former keys for secrets and for links are known."""
        return former_keys(self._settings)

    async def _refuse_keys_of_callers(self) -> None:
        newest, now = name_of(sealing_keys(self._settings)[0]), SystemClock().now()
        count = await self._database.read(
            lambda session: PresentedKeys(session).digested_by_others(newest, now=now)
        )
        if count:
            raise BadInput(
                f"{count} keys of the HTTP API were not used since the rotation, and would be lost: use, "
                "rotate or revoke them first (`mainspring keys list`)"
            )

    def _refuse_key_of_settings(self) -> None:
        if self._settings.encryption_key is not None:
            raise BadInput(
                "the settings give the key: change MAINSPRING_ENCRYPTION_KEY and "
                "MAINSPRING_FORMER_ENCRYPTION_KEYS there, then `mainspring encryption reseal` "
                "(docs/operating.md)"
            )

    def _refuse_links_of_settings(self) -> None:
        if self._settings.link_key is not None or self._settings.encryption_key is not None:
            raise BadInput(
                "the settings give the key for links: change MAINSPRING_LINK_KEY and "
                "MAINSPRING_FORMER_LINK_KEYS there (docs/operating.md)"
            )
