"""Trying a task away from its neighbours, after a worker has died that ran it: docs/decisions/0025."""

from mainspring.activities.runtime.isolation.deaths import WorkerDied
from mainspring.activities.runtime.isolation.isolation import Isolation, NoProcess
from mainspring.activities.runtime.isolation.process import Died
from mainspring.activities.runtime.isolation.register import Registered
from mainspring.activities.runtime.isolation.suspects import SUSPECTED, Suspects

__all__ = ["SUSPECTED", "Died", "Isolation", "NoProcess", "Registered", "Suspects", "WorkerDied"]
