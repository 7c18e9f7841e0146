"""How each pooled job is worked, as it is declared in the catalogue above."""

from typing import NewType

from mainspring.contracts.queues import Pool

PoolSizes = NewType("PoolSizes", dict[str, Pool])
