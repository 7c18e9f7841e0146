"""Keys of this API: making, rotating and revoking them, and the key that a caller shows."""

from datetime import timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from mainspring.api.callers import Admin, Caller, Observer
from mainspring.api.models import Body, Limit, Page
from mainspring.api.rows import page_of
from mainspring.client.api_keys import LONGEST_NAME, ApiKeys, MadeKey
from mainspring.contracts.api_keys import ApiKey, Role

routes = APIRouter(tags=["keys"])

LONGEST_LIFETIME = timedelta(days=36_500)
LONGEST_OVERLAP = timedelta(days=30)

KeyId = Annotated[UUID, Path(description="The id of a key.")]
OfPlatform = Annotated[
    bool, Query(alias="platform", description="Of the platform; its keys work in every workspace.")
]


class KeyBody(Body):
    """The key to make. Without `expires_in` the key holds until somebody revokes it."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME, examples=["billing"])
    role: Role = Role.OPERATOR
    expires_in: timedelta | None = Field(default=None, gt=timedelta(), le=LONGEST_LIFETIME, examples=["P90D"])
    platform: bool = Field(default=False, description="Make a key of the platform.")


class RotateBody(Body):
    """How long the former key still holds."""

    overlap: timedelta = Field(default=timedelta(), ge=timedelta(), le=LONGEST_OVERLAP, examples=["PT1H"])


class NewKey(ApiKey):
    """A new key. `key` is its text, which is not shown again."""

    key: str = Field(examples=["ms_k3jq7wzp_V2hhdCBpcyBzaG93biBvbmNl"])

    @classmethod
    def of(cls, made: MadeKey) -> Self:
        """Return a key that was made, with its text."""
        return cls(**made.key.model_dump(), key=made.text)


class Me(BaseModel):
    """The key that the call shows, and the workspace in which the call works."""

    key: ApiKey
    workspace: str


@routes.get("/me", operation_id="get_me")
async def get_me(who: Observer) -> Me:
    """Return the key that the call shows."""
    return Me(key=who.key, workspace=who.service.workspace)


@routes.get("/keys", operation_id="list_keys")
async def list_keys(
    who: Admin,
    *,
    of_platform: OfPlatform = False,
    after: Annotated[UUID | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[ApiKey]:
    """List keys, the newest first, also those that were revoked. No key is shown whole."""
    found = await _keys(who, of_platform=of_platform).all(after=after, limit=limit + 1)
    return page_of(found, limit, lambda key: str(key.id))


@routes.post("/keys", status_code=201, operation_id="create_key")
async def create_key(who: Admin, body: KeyBody) -> NewKey:
    """Make a key of the workspace, or of the platform. Its text is in this answer and nowhere else."""
    keys = _keys(who, of_platform=body.platform)
    made = await keys.create(body.name, body.role, expires_in=body.expires_in)
    await _audit(who, made.key, after=made.key)
    return NewKey.of(made)


@routes.post("/keys/{key_id}/rotate", status_code=201, operation_id="rotate_key")
async def rotate_key(
    who: Admin, key_id: KeyId, body: RotateBody, *, of_platform: OfPlatform = False
) -> NewKey:
    """Make another key of the same name and role; the former one ends, at once or after an overlap."""
    keys = _keys(who, of_platform=of_platform)
    former = await keys.find(str(key_id))
    made = await keys.rotate(str(key_id), overlap=body.overlap)
    await _audit(who, former, before=former, after=made.key)
    return NewKey.of(made)


@routes.delete("/keys/{key_id}", operation_id="revoke_key")
async def revoke_key(who: Admin, key_id: KeyId, *, of_platform: OfPlatform = False) -> ApiKey:
    """Let a key open nothing any more, from the next call on."""
    keys = _keys(who, of_platform=of_platform)
    former = await keys.find(str(key_id))
    revoked = await keys.revoke(str(key_id))
    await _audit(who, former, before=former, after=revoked)
    return revoked


def _keys(who: Caller, *, of_platform: bool) -> ApiKeys:
    if of_platform:
        who.demand_platform()
        return who.service.platform_keys
    return who.service.api_keys


async def _audit(
    who: Caller, key: ApiKey, *, before: ApiKey | None = None, after: ApiKey | None = None
) -> None:
    await who.audit(f"key {key.prefix}", before=before, after=after, of_installation=key.workspace is None)
