"""The articles' messages: a row of the file, the job that loads the file, and how far the job has come."""

from pydantic import Field

from mainspring.contracts.message import Message
from mainspring.contracts.progress import TaskProgress

# The result shows so many bad rows; the others are counted.
MOST_SHOWN = 10


class Article(Message):
    """A row of the file: a barcode and a name."""

    ean: str = Field(pattern=r"^\d{13}$")
    name: str = Field(min_length=1, max_length=200)


class LoadArticles(Message):
    """Load the file that the settings name."""


class ArticlesLoaded(Message):
    """How many articles were stored, how many have a brand, and which rows were bad."""

    stored: int
    branded: int
    bad: int
    shown: tuple[str, ...]


class ArticlesProgress(TaskProgress):
    """How many rows were read, and what became of them."""

    total: int | None = None
    read: int = 0
    branded: int = 0
    bad: int = 0
    shown: tuple[str, ...] = ()

    @property
    def revision(self) -> int:
        """A number that grows with every page: the later of two progresses has the greater one."""
        return self.read
