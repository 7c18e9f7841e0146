"""Working batched queues: what a job's own activity gives, and what is done around it."""

from mainspring.activities.runtime.queue.beginnings import Begins
from mainspring.activities.runtime.queue.places import Places
from mainspring.activities.runtime.queue.results import QueueTask, Result, Snooze, TaskDone
from mainspring.activities.runtime.queue.sizes import QueueSizes
from mainspring.activities.runtime.queue.work import BatchedQueues

__all__ = ["BatchedQueues", "Begins", "Places", "QueueSizes", "QueueTask", "Result", "Snooze", "TaskDone"]
