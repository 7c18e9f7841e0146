"""Working the queues of pooled jobs: what a job's own activity gives, and what is done around it."""

from activities.pools.outcomes import Done, NotYet, Outcome, PoolTask
from activities.pools.sizes import PoolSizes
from activities.pools.survey import PoolActivities
from activities.pools.work import Pools

__all__ = ["Done", "NotYet", "Outcome", "PoolActivities", "PoolSizes", "PoolTask", "Pools"]
