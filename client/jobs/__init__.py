"""Starting, cancelling and retrying tasks. Looking at tasks is `client.tasks`; `Jobs` offers that as well."""

from mainspring.client.jobs.jobs import Jobs
from mainspring.client.jobs.started import StartedTask

__all__ = ["Jobs", "StartedTask"]
