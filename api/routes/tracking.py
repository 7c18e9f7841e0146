"""What accounts follow, and what they hold."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from pydantic import Field

from mainspring.api.callers import Observer, Operator, Viewer
from mainspring.api.models import Body as JsonBody
from mainspring.api.models import Limit, Page, Text
from mainspring.api.routes.accounts import AccountId
from mainspring.api.rows import MOST_ROWS, Rows, Stored, page_of, stored
from mainspring.client.cursors import LONGEST_CURSOR, cursor_of, place_after
from mainspring.client.imports import CsvText
from mainspring.client.inventory_imports import import_inventory
from mainspring.contracts.cards import InventoryRow, PricedRow, Tracked, TrackedItem
from mainspring.contracts.fields import Id

routes = APIRouter(prefix="/accounts/{account_id}", tags=["cards"])

Kind = Annotated[Tracked, Path(description="Games, for their sets, or sets, for their cards.")]
Csv = Annotated[
    str,
    Body(
        media_type="text/csv",
        description="With a header: reference, variant_id, quantity; if wanted, name.",
        examples=["reference,variant_id,quantity\nbox-1,pikachu-near-mint,4\n"],
    ),
]


class Followed(JsonBody):
    """The vendor's ids of games or sets."""

    ids: list[Id] = Field(min_length=1, max_length=MOST_ROWS, examples=[["pokemon"]])


@routes.get("/tracked/{kind}", operation_id="list_tracked")
async def list_tracked(
    who: Observer,
    account_id: AccountId,
    kind: Kind,
    *,
    after: Annotated[Text | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[TrackedItem]:
    """List the games or sets that an account follows, in the order of their ids."""
    found = await who.service.account_lists.tracked(str(account_id), kind, after=after or "", limit=limit + 1)
    return page_of(found, limit, lambda each: each.id)


@routes.post("/tracked/{kind}", status_code=204, operation_id="follow")
async def follow(who: Operator, account_id: AccountId, kind: Kind, body: Followed) -> None:
    """Follow games or sets; those that are followed already stay as they are."""
    await who.service.accounts.follow(str(account_id), **{kind.value: body.ids})
    await who.audit(f"account {account_id}", after={kind.value: body.ids})


@routes.delete("/tracked/{kind}/{item_id:path}", status_code=204, operation_id="unfollow")
async def unfollow(
    who: Operator,
    account_id: AccountId,
    kind: Kind,
    item_id: Annotated[Text, Path(description="The vendor's id of a game or a set.", examples=["pokemon"])],
) -> None:
    """Stop following a game or a set; what was stored stays."""
    await who.service.accounts.unfollow(str(account_id), **{kind.value: [item_id]})
    await who.audit(f"account {account_id}", before={kind.value: [item_id]})


@routes.get("/inventory", operation_id="list_inventory")
async def list_inventory(
    who: Viewer,
    account_id: AccountId,
    *,
    after: Annotated[
        str | None, Query(description="The `next` of the page above.", max_length=LONGEST_CURSOR)
    ] = None,
    limit: Limit = 50,
) -> Page[PricedRow]:
    """List what an account holds, with prices where there are, in the order of reference and variant."""
    found = await who.service.account_lists.inventory(
        str(account_id), after=place_after(after), limit=limit + 1
    )
    return page_of(found, limit, lambda each: cursor_of(each.reference, each.variant_id))


@routes.post("/inventory", operation_id="load_inventory")
async def load_inventory(who: Operator, account_id: AccountId, body: Rows[InventoryRow]) -> Stored:
    """Load up to a thousand lines; one of the same reference and variant is overwritten."""
    result = stored(await import_inventory(who.service.accounts, str(account_id), body.items))
    await who.audit(f"inventory of {account_id}", after=result.counts)
    return result


@routes.post("/inventory/csv", operation_id="load_inventory_csv")
async def load_inventory_csv(who: Operator, account_id: AccountId, body: Csv) -> Stored:
    """As the JSON route, from CSV with a header; a rejected line is told by its number."""
    result = stored(await import_inventory(who.service.accounts, str(account_id), CsvText(body)))
    await who.audit(f"inventory of {account_id}", after=result.counts)
    return result
