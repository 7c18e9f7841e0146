"""Numbers of inputs: what no calendar and no column can hold is refused, with the bound."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from mainspring.contracts.cards import DiscoverSets, SyncTrackedSets, UpdateInventoryPrices
from mainspring.contracts.flows import AdHocStep
from mainspring.contracts.media import SweepScratch
from mainspring.contracts.message import Message
from mainspring.contracts.wishlist import CheckWishlistStock

ACCOUNT = {"account_id": UUID(int=1)}


@pytest.mark.parametrize(
    ("kind", "field", "value", "others"),
    [
        (DiscoverSets, "older_than", "P999999D", ACCOUNT),
        (SyncTrackedSets, "older_than", "P999999D", ACCOUNT),
        (UpdateInventoryPrices, "older_than", "P999999D", ACCOUNT),
        (SweepScratch, "older_than", "P999999D", {}),
        (AdHocStep, "weight", 9 * 10**18, {"name": "a", "job": "b"}),
        (AdHocStep, "weight", 10**20, {"name": "a", "job": "b"}),
        (CheckWishlistStock, "min_stock", 2**31, {}),
        (CheckWishlistStock, "mails_per_unit", 2**31, {}),
    ],
)
def test_a_number_beyond_its_bound_is_refused(
    kind: type[Message], field: str, value: Any, others: dict[str, Any]
) -> None:
    """The refusal names the field and the bound."""
    with pytest.raises(ValidationError, match="less than or equal to") as refused:
        kind.model_validate({**others, field: value})
    assert (field,) == refused.value.errors()[0]["loc"]
