"""Events of a CMS about products: each is accepted once, however often it is sent."""

import hashlib
from uuid import UUID

from mainspring.client.errors import BadInput
from mainspring.client.gifting.products import Products, SavedProduct
from mainspring.client.validation import shown
from mainspring.contracts.message import Message
from mainspring.contracts.shop.catalogue import Storing
from mainspring.contracts.shop.product_changed import ProductChanged
from mainspring.contracts.tasks import JsonObject
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.idempotency import IdempotentAnswers

SAYS = {
    Storing.OLDER: "dropped: a later state of the product is stored already",
    Storing.UNCHANGED: "stored: nothing is different that a model reads",
    Storing.CHANGED: "stored",
}


class AcceptedChange(Message):
    """What became of an event. `is_repeat`: the event was accepted before, and nothing was done now."""

    product_id: str
    result: Storing
    task_ids: tuple[UUID, ...]
    is_repeat: bool = False
    message: str


class _AcceptedMeanwhile(Exception):
    """The same event came twice at once, and the other one was faster."""


class ProductChanges:
    """The events about a workspace's products."""

    def __init__(self, database: Database, products: Products, clock: Clock, *, workspace: str) -> None:
        self._database = database
        self._products = products
        self._clock = clock
        self._workspace = workspace

    async def accept(self, event: ProductChanged, *, message_id: str, body: bytes) -> AcceptedChange:
        """Save the product of an event, and start its processing; an older state than the stored is dropped.

        `message_id` is the same when the event is sent again: the answer is that of the first time then.

        Raises BadInput: when `ts` is in the future, or another event had the id.
        """
        product = event.catalogued()
        if (problem := self._products.too_late(product, "ts")) is not None:
            raise BadInput(problem)
        # An id may be longer than a key, and must not be one that a caller of the API has chosen.
        key = f"product-changed/{hashlib.sha256(message_id.encode()).hexdigest()}"
        digest = hashlib.sha256(body).digest()

        async def work(session: Session) -> AcceptedChange:
            saved = await self._products.save_product(product, session=session)
            accepted = _accepted(saved)
            answers = IdempotentAnswers(session, self._workspace)
            kept = accepted.model_dump(mode="json")
            if not await answers.keep(key, digest, kept, now=self._clock.now()):
                raise _AcceptedMeanwhile
            return accepted

        if (before := await self._before(key, digest, message_id)) is not None:
            return before
        await self._products.prepare()
        try:
            return await self._database.transact(work)
        except _AcceptedMeanwhile:
            before = await self._before(key, digest, message_id)
            if before is None:
                raise
            return before

    async def _before(self, key: str, digest: bytes, message_id: str) -> AcceptedChange | None:
        found: tuple[bytes, JsonObject] | None = await self._database.read(
            lambda session: IdempotentAnswers(session, self._workspace).find(key)
        )
        if found is None:
            return None
        if found[0] != digest:
            raise BadInput(
                f"webhook-id: {shown(message_id)} is not accepted: an id that no other event has had"
            )
        return AcceptedChange.restore(found[1] | {"is_repeat": True, "message": "accepted before"})


def _accepted(saved: SavedProduct) -> AcceptedChange:
    change = saved.change
    hidden = change.is_shown or change.storing is Storing.OLDER
    return AcceptedChange(
        product_id=change.product_id,
        result=change.storing,
        task_ids=saved.task_ids,
        message=SAYS[change.storing] if hidden else "stored: the product is not shown, and not processed",
    )
