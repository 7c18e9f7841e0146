"""How each pooled job is worked, as it is declared in the catalogue above."""

from typing import NewType

from mainspring.contracts.queues import BatchedQueue

QueueSizes = NewType("QueueSizes", dict[str, BatchedQueue])
