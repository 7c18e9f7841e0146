"""What a task fails with that has killed its worker again and again."""

from mainspring.contracts.retry import Retry


class WorkerDied(Exception):
    """Workers died while they ran the task, the last ones while they ran nothing else."""

    retry = Retry.NEVER

    def __init__(self, deaths: int) -> None:
        super().__init__(f"its worker died {deaths} times while it ran this")
        self.deaths = deaths
