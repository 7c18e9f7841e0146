"""The coins' messages: what is imported, and the job that has coins appraised."""

from pydantic import Field

from mainspring.contracts.message import Message
from mainspring.contracts.progress import TaskProgress

SEND_APPRAISAL = "send-appraisal"


class Coin(Message):
    """A coin of somebody's collection, as a file tells of it."""

    id: str = Field(min_length=1, max_length=100)
    owner_email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    year: int = Field(ge=-700, le=2100)


class AppraiseCoins(Message):
    """Ask what coins without a price are worth."""


class CoinsAppraised(Message):
    """How many coins got a price, for how many requests, and how many owners are told of it."""

    appraised: int
    requests: int
    owners: int


class CoinsProgress(TaskProgress):
    """How far an appraisal has come: the last coin, and the counts until then."""

    after: str = ""
    total: int | None = None
    appraised: int = 0
    requests: int = 0
    owners: int = 0

    @property
    def revision(self) -> int:
        """Return how many pages have been stored."""
        return self.requests
