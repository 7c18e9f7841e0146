"""The index of vectors on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mainspring.cli.console import BAD_INPUT, SUCCESS, with_service
from mainspring.cli.output import AsJson, tell

if TYPE_CHECKING:
    from mainspring.client.service import Service


def index(
    *,
    dimensions: Annotated[
        int, typer.Option(min=1, max=4_096, help="How many numbers the model's vectors have.")
    ] = 384,
    as_json: AsJson = False,
) -> None:
    """Make the index of products' vectors: after pgvector was installed, or for another model.

    Exit code 2 where the database cannot have one: searches compare all vectors then.
    """

    async def work(service: Service) -> int:
        is_there = await service.recommender.make_index(dimensions)
        line = "the index is there" if is_there else "no index: it takes pgvector, and up to 2,000 dimensions"
        tell(line, as_json, dimensions=dimensions, is_indexed=is_there)
        return SUCCESS if is_there else BAD_INPUT

    with_service(work)
