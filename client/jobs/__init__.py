"""Starting, watching, cancelling and retrying tasks."""

from client.jobs.jobs import Jobs
from client.jobs.started import StartedTask

__all__ = ["Jobs", "StartedTask"]
