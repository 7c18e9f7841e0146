"""Working the queues of pooled jobs: what a job's own activity gives, and what is done around it."""

from mainspring.activities.runtime.queue.results import Done, NotYet, Outcome, PoolTask
from mainspring.activities.runtime.queue.sizes import PoolSizes
from mainspring.activities.runtime.queue.work import Pools

__all__ = ["Done", "NotYet", "Outcome", "PoolSizes", "PoolTask", "Pools"]
