"""Ids as people give them."""

from uuid import UUID

import pytest

from mainspring.client.errors import AmbiguousTask, BadInput, TaskUnknown
from mainspring.client.references import resolved_id

IDS = [UUID("aaaa0000-0000-4000-8000-000000000001"), UUID("aaaab000-0000-4000-8000-000000000002")]


async def look_up(prefix: str) -> list[UUID]:
    return [each for each in IDS if each.hex.startswith(prefix)]


async def resolved(reference: str) -> UUID:
    return await resolved_id(reference, look_up, unknown=TaskUnknown, ambiguous=AmbiguousTask)


@pytest.mark.parametrize("reference", ["aaaa0", "AAAA-0", str(IDS[0])])
async def test_an_id_is_found_by_its_beginning(reference: str) -> None:
    """Dashes and capitals make no difference."""
    assert IDS[0] == await resolved(reference)


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ("aaaa", AmbiguousTask),
        ("bbbb", TaskUnknown),
        ("no-id", TaskUnknown),
        ("a" * 33, TaskUnknown),
        ("aaa", BadInput),
    ],
)
async def test_an_id_that_is_not_told_apart_is_refused(reference: str, error: type[Exception]) -> None:
    """None that begins so, several, or too few digits to look one up."""
    with pytest.raises(error):
        await resolved(reference)
