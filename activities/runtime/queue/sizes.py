"""How each batched queue is worked, as its job in the catalogue declares it."""

from typing import NewType

from mainspring.contracts.queues import BatchedQueue

QueueSizes = NewType("QueueSizes", dict[str, BatchedQueue])
