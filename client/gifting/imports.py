"""Loading occasions from files, and from what a caller lists."""

from collections.abc import Sequence

from mainspring.client.gifting.occasions import Occasions
from mainspring.client.imports import Imported, Key, OnRejected, Refused, Source, ignore, import_file
from mainspring.contracts.gifting.occasions import Occasion


async def import_occasions(
    occasions: Occasions, source: Source, on_rejected: OnRejected = ignore
) -> Imported:
    """Load occasions; an occasion whose user was not imported is rejected."""

    async def store(page: Sequence[Occasion]) -> Refused:
        unknown = await occasions.store(page)
        return {
            _id(each): f"user_id: {each.user_id!r} is not accepted: a user that was imported"
            for each in page
            if each.user_id in unknown
        }

    return await import_file(source, Occasion, store, _id, on_rejected=on_rejected)


def _id(occasion: Occasion) -> Key:
    return (occasion.id,)
