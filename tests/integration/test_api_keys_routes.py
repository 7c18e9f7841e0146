"""Keys over HTTP: an admin makes, rotates and revokes them, each within its own reach."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from mainspring.contracts.api_keys import Role
from tests.api import Api, problem
from tests.visitor import visitor


async def who_is(api: Api, key: str) -> httpx.Response:
    """Ask who shows a key."""
    async with visitor(base_url=api.url) as client:
        return await client.get("/v1/me", headers={"Authorization": f"Bearer {key}"})


def ids(page: httpx.Response) -> list[str]:
    """Return the ids of a page."""
    return [each["id"] for each in page.json()["items"]]


async def test_a_key_is_made_rotated_and_revoked(api: Api) -> None:
    """Its text is in the answers that make it and nowhere else; the audit log tells of all three."""
    async with api.caller(workspace="shop") as admin:
        made = await admin.post("/v1/keys", json={"name": "billing", "role": "viewer", "expires_in": "P1D"})
        assert 201 == made.status_code
        me = (await who_is(api, made.json()["key"])).json()
        assert ("shop", "shop", "viewer") == (me["workspace"], me["key"]["workspace"], me["key"]["role"])

        path = f"/v1/keys/{made.json()['id']}"
        turned = (await admin.post(f"{path}/rotate", json={"overlap": "PT1H"})).json()
        assert {200} == {
            (await who_is(api, each)).status_code for each in (made.json()["key"], turned["key"])
        }
        assert (await admin.delete(path)).json()["revoked_at"]
        problem(await who_is(api, made.json()["key"]), 401)

        listed = await admin.get("/v1/keys")
        entries = await admin.get("/v1/audit")
        assert [turned["id"], made.json()["id"]] == ids(listed)[:2]
        for text in (made.json()["key"], turned["key"]):
            assert text not in listed.text + entries.text
        assert ["revoke_key", "rotate_key", "create_key"] == [
            each["action"] for each in entries.json()["items"]
        ]
        assert None is entries.json()["items"][0]["before"]["revoked_at"]
        problem(await admin.post(f"{path}/rotate", json={}), 422)


async def test_an_admin_of_a_workspace_makes_no_other_keys(api: Api) -> None:
    """Keys of other workspaces are unknown; those of the platform take the platform's admin."""
    theirs = await api.service.platform_keys.create("platform", Role.ADMIN)
    own = await api.service.api_keys.create("default", Role.VIEWER)
    async with api.caller(workspace="shop") as admin:
        problem(await admin.post("/v1/keys", json={"name": "x", "platform": True}), 403)
        problem(await admin.get("/v1/keys", params={"platform": True}), 403)
        for key in (own.key, theirs.key):
            problem(await admin.delete(f"/v1/keys/{key.id}"), 404)
            problem(await admin.post(f"/v1/keys/{key.id}/rotate", json={}), 404)
            problem(await admin.get("/v1/keys", params={"after": str(key.id)}), 404)
    async with api.caller() as platform:
        made = (await platform.post("/v1/keys", json={"name": "ops", "platform": True})).json()
        assert made["workspace"] is None
        problem(await platform.delete(f"/v1/keys/{made['id']}"), 404)
        assert 200 == (await platform.delete(f"/v1/keys/{made['id']}?platform=true")).status_code
        log = (await platform.get("/v1/audit", params={"scope": "installation"})).json()["items"]
        assert ["revoke_key", "create_key"] == [each["action"] for each in log]
    async with api.caller(Role.OPERATOR) as operator:
        problem(await operator.post("/v1/keys", json={"name": "x"}), 403)


async def test_keys_are_listed_page_by_page(api: Api) -> None:
    """Each key is on one page."""
    async with api.caller(workspace="shop") as admin:
        for name in ("a", "b"):
            await admin.post("/v1/keys", json={"name": name})
        first = await admin.get("/v1/keys", params={"limit": 2})
        second = await admin.get("/v1/keys", params={"limit": 2, "after": first.json()["next"]})
        assert (2, 1, None) == (len(ids(first)), len(ids(second)), second.json()["next"])
        assert 3 == len({*ids(first), *ids(second)})


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": " x"},
        {"name": "x" * 101},
        {"name": "x", "role": "owner"},
        {"name": "x", "expires_in": "PT0S"},
        {"name": "x", "expires_in": f"P{10**6}D"},
    ],
)
async def test_a_key_that_cannot_be_is_refused(api: Api, body: dict[str, Any]) -> None:
    """The problem says which field; no key is made."""
    async with api.caller(workspace="shop") as admin:
        assert problem(await admin.post("/v1/keys", json=body), 422)["errors"]
    assert 1 == len(await api.service.within("shop").api_keys.all())


async def test_a_rotation_has_an_end(api: Api) -> None:
    """The former key holds for a month at most."""
    made = await api.service.within("shop").api_keys.create("x", Role.VIEWER)
    async with api.caller(workspace="shop") as admin:
        body = {"overlap": timedelta(days=31).total_seconds()}
        problem(await admin.post(f"/v1/keys/{made.key.id}/rotate", json=body), 422)
