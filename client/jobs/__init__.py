"""Starting, cancelling and retrying tasks. Looking at tasks is `client.tasks`."""

from mainspring.client.jobs.jobs import Jobs
from mainspring.client.jobs.started import StartedTask

__all__ = ["Jobs", "StartedTask"]
