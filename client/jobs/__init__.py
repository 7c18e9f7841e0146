"""Starting, watching, cancelling and retrying tasks."""

from mainspring.client.jobs.jobs import Jobs
from mainspring.client.jobs.started import StartedTask

__all__ = ["Jobs", "StartedTask"]
