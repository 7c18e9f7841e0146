"""What a platform tells of itself, over a database and without Temporal."""

from dataclasses import dataclass

from mainspring.client.people import People
from mainspring.client.shop import Shop
from mainspring.client.wishlists import Wishlists
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database

KEY = b"a key of the service, 32 bytes.."


@dataclass(frozen=True)
class Platform:
    """The ways in for products, users and wishes, named as a service names them."""

    shop: Shop
    people: People
    wishlists: Wishlists


def platform_of(
    database: Database, clock: Clock, *, key: bytes = KEY, workspace: str = DEFAULT_WORKSPACE
) -> Platform:
    """Return the ways in of a workspace."""
    return Platform(
        Shop(database, clock, workspace=workspace),
        People(database, lambda: [key], clock, workspace=workspace),
        Wishlists(database, clock, workspace=workspace),
    )
