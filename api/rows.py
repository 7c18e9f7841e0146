"""Pages of rows that a caller stores: good ones are stored, bad ones told by their index, as of a file."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field

from mainspring.api.models import Body, Page
from mainspring.client.errors import BadInput
from mainspring.client.imports import Imported

Row = TypeVar("Row", bound=BaseModel)

# As many as one transaction stores.
MOST_ROWS = 1_000


class Rows(Body, Generic[Row]):
    """Rows to store. A row that is not accepted is told in the answer; the others are stored."""

    items: list[Annotated[Row | dict[str, Any], Field(union_mode="left_to_right")]] = Field(
        min_length=1, max_length=MOST_ROWS
    )


class RejectedItem(BaseModel):
    """A row that was not stored, by its index from 0, or in CSV its line from 1.

    The problem names the field, the value and what is accepted.
    """

    index: int
    problem: str = Field(examples=["price_cents: '99.5' is not accepted: a whole number of minor units"])


class Stored(BaseModel):
    """What became of a page of rows."""

    stored: int
    rejected: list[RejectedItem]

    @property
    def counts(self) -> dict[str, int]:
        """What the audit log keeps of it."""
        return {"stored": self.stored, "rejected": len(self.rejected)}


def stored(imported: Imported) -> Stored:
    """Return what became of rows.

    Raises BadInput: when they could not be read at all.
    """
    if imported.broken_off is not None:
        raise BadInput(f"body: {imported.broken_off}")
    rejected = [RejectedItem(index=each.line, problem=each.problem) for each in imported.rejected]
    return Stored(stored=imported.loaded, rejected=rejected)


def page_of(found: Sequence[Row], limit: int, cursor: Callable[[Row], str]) -> Page[Row]:
    """Return a page of `limit` rows out of one row more, which says whether there is a next page."""
    items = list(found[:limit])
    return Page(items=items, next=cursor(items[-1]) if len(found) > limit else None)
