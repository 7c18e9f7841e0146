"""Working the queues of pooled jobs: what a job's own activity gives, and what is done around it."""

from mainspring.activities.pools.outcomes import Done, NotYet, Outcome, PoolTask
from mainspring.activities.pools.sizes import PoolSizes
from mainspring.activities.pools.survey import PoolActivities
from mainspring.activities.pools.work import Pools

__all__ = ["Done", "NotYet", "Outcome", "PoolActivities", "PoolSizes", "PoolTask", "Pools"]
