"""The webhook by which a CMS tells of products: who is believed, what is refused, and what is stored."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from mainspring.contracts.api_keys import Role
from mainspring.contracts.shop.catalogue import StoredProduct
from tests.api import Api, problem, served
from tests.product_events import PLAIN, SECRET, URL, body_of, changed, plain, standard
from tests.service import Service
from tests.visitor import visitor

SECRETS = (SecretStr(f"shop={SECRET}"), SecretStr(f"other={PLAIN}"))
BOTH = pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def api(workerless: Service) -> AsyncIterator[Api]:
    """Serve the API of a service without a worker, which knows a secret of each of two workspaces."""
    async with served(workerless, gifting_webhook_secrets=SECRETS) as api:
        yield api


@pytest.fixture
async def cms(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Give a CMS, which has no key."""
    async with visitor(base_url=api.url) as client:
        yield client


async def stored(api: Api, workspace: str = "shop") -> list[StoredProduct]:
    """Return what a workspace has."""
    return await api.service.within(workspace).products.products()


async def tell(api: Api, cms: httpx.AsyncClient, event: Any, message_id: str = "msg_1") -> httpx.Response:
    """Send an event, signed by Standard Webhooks."""
    body = body_of(event)
    headers = standard(body, api.service.clock.now(), message_id=message_id)
    return await cms.post(URL, content=body, headers=headers)


async def test_either_form_is_stored_in_the_workspace_of_its_secret(api: Api, cms: httpx.AsyncClient) -> None:
    """The secret says whose the product is; the change is audited there."""
    answer = await tell(api, cms, changed())
    assert 200 == answer.status_code, answer.text
    assert ("p1", "changed", False) == tuple(
        answer.json()[each] for each in ("product_id", "result", "is_repeat")
    )
    body = body_of(changed("p2"))
    assert 200 == (await cms.post(URL, content=body, headers=plain(body))).status_code

    (product,), (other,) = await stored(api), await stored(api, "other")
    assert ("p1", "p2") == (product.id, other.id)
    assert (12_900, "EUR", ("outdoor",), ()) == (
        product.price_cents,
        product.currency,
        product.gift_tags,
        product.style_tags,
    )
    assert product.brand is not None
    assert ("b1", "Northwind") == (product.brand.id, product.brand.name)
    assert [({"colour": "green"}, 4)] == [(each.options, each.stock) for each in product.variants]
    async with api.caller(Role.ADMIN, workspace="shop") as client:
        (entry,) = (await client.get("/v1/audit")).json()["items"]
    assert ("product_changed", "product p1") == (entry["action"], entry["subject"])


async def test_who_has_not_signed_is_refused_with_the_reason(api: Api, cms: httpx.AsyncClient) -> None:
    """Wrong, missing, old and malformed signatures, and the bare secret: 401, and nothing is stored."""
    body, now = body_of(changed()), api.service.clock.now()
    kind = {"Content-Type": "application/json"}
    signed = standard(body, now)
    refused = {
        "no signature": (kind, "webhook-signature"),
        "a bare secret": (kind | {"X-Internal-Webhook-Secret": PLAIN}, "X-Signature"),
        "another's secret": (standard(body, now, secret="whsec_" + "A" * 32), "webhook-signature"),
        "another body": (standard(body + b" ", now), "webhook-signature"),
        "another id": (signed | {"webhook-id": "msg_2"}, "webhook-signature"),
        "no id": ({name: each for name, each in signed.items() if name != "webhook-id"}, "webhook-id"),
        "malformed": (signed | {"webhook-signature": "v1,%%% v1 ,,"}, "webhook-signature"),
        "old": (standard(body, now - timedelta(minutes=5, seconds=2)), "webhook-timestamp"),
        "early": (standard(body, now + timedelta(minutes=6)), "webhook-timestamp"),
        "no time": (signed | {"webhook-timestamp": "soon"}, "webhook-timestamp"),
        "another HMAC": (plain(body) | {"X-Signature": "0" * 64}, "X-Signature"),
        "no hex": (plain(body) | {"X-Signature": "v1,%%%"}, "X-Signature"),
        "two secrets": (plain(body) | {"X-Internal-Webhook-Secret": SECRET}, "X-Internal-Webhook-Secret"),
    }
    for name, (headers, field) in refused.items():
        told = problem(await cms.post(URL, content=body, headers=headers), 401)
        assert [field] == [each["field"] for each in told["errors"]], name
    # Nobody looks into a body that nobody has signed.
    problem(await cms.post(URL, content=b"{", headers=kind), 401)
    assert [] == await stored(api) + await stored(api, "other")


WRONG = {
    "no JSON": (b'{"event": ', 400, None),
    "no UTF-8": (b'"\xff"', 400, None),
    "NUL": (body_of(changed(product={"title": "a\0b"})), 422, "body.product.title"),
    "half a character": (body_of(changed(product={"title": "\ud800"})), 422, "body.product.title"),
    "a list": (b"[]", 422, "body"),
    "too deep": (b"[" * 100_000, 422, "body"),
    "another event": (body_of(changed(event="product.removed")), 422, "body.event"),
    "a number for an id": (body_of(changed(payloadProductId=7)), 422, "body.payloadProductId"),
    "no product": (body_of(changed() | {"product": None}), 422, "body.product"),
    "a text for a price": (
        body_of(changed(product={"defaultPrice": "12900"})),
        422,
        "body.product.defaultPrice",
    ),
    "a fraction": (body_of(changed(product={"defaultPrice": 129.5})), 422, "body.product.defaultPrice"),
    "below zero": (body_of(changed(product={"defaultPrice": -1})), 422, "body.product.defaultPrice"),
    "too large": (body_of(changed(product={"defaultPrice": 2**31})), 422, "body.product.defaultPrice"),
    "a text for true": (
        body_of(changed(product={"visibleToGifter": "yes"})),
        422,
        "body.product.visibleToGifter",
    ),
    "capitals": (body_of(changed(product={"status": "PUBLISHED"})), 422, "body.product.status"),
    "tags in a text": (body_of(changed(product={"giftTags": "a, b"})), 422, "body.product.giftTags"),
    "a long text": (body_of(changed(product={"description": "x" * 20_001})), 422, "body.product.description"),
    "a time without a zone": (body_of(changed(ts="2026-11-01T12:00:00")), 422, "body.ts"),
    "a number for a time": (body_of(changed(ts=1_700_000_000_000)), 422, "body.ts"),
    "a time of the future": (body_of(changed(ts="2999-01-01T00:00:00Z")), 422, "ts"),
    "many variants": (body_of(changed(variants=[{"payloadVariantId": "v"}] * 501)), 422, "body.variants"),
    "a stock in words": (
        body_of(changed(variants=[{"payloadVariantId": "v", "stock": "many"}])),
        422,
        "body.variants.0.stock",
    ),
}


async def test_what_is_not_accepted_is_told_with_field_and_value(api: Api, cms: httpx.AsyncClient) -> None:
    """A signed event of a wrong shape is refused whole, and nothing is stored."""
    for name, (body, status, field) in WRONG.items():
        told = problem(await cms.post(URL, content=body, headers=plain(body)), status)
        if field is not None:
            assert field in {each["field"] for each in told["errors"]}, (name, told)
    large = b"x" * 1_000_001

    async def parts() -> AsyncIterator[bytes]:
        yield large  # of a size that is not announced: the server reads all of it

    problem(await cms.post(URL, content=parts(), headers=plain(large)), 413)
    assert [] == await stored(api) + await stored(api, "other")


@BOTH
async def test_events_out_of_order_end_in_the_newest_state(api: Api, cms: httpx.AsyncClient) -> None:
    """64 events of one product at the same time, in any order: the newest holds, an older one is told."""
    minutes = [f"2026-11-01T12:{each:02}:00Z" for each in range(60)]
    events = [changed(ts=each, product={"title": f"At {each}"}) for each in minutes]
    random.Random(4).shuffle(events)
    answers = await asyncio.gather(
        *(tell(api, cms, event, f"msg_{number}") for number, event in enumerate(events + events[:4]))
    )
    assert {200} == {each.status_code for each in answers}

    (product,) = await stored(api)
    assert f"At {minutes[-1]}" == product.title
    late = await tell(api, cms, changed(ts=minutes[0]), "late")
    assert ("older", []) == (late.json()["result"], late.json()["task_ids"])
    assert "a later state" in late.json()["message"]
    assert [product] == await stored(api)


@BOTH
async def test_an_event_that_is_sent_again_does_nothing(api: Api, cms: httpx.AsyncClient) -> None:
    """The same id is answered as accepted before, also at the same time; it is no id of another event."""
    first, second = await asyncio.gather(tell(api, cms, changed()), tell(api, cms, changed()))
    assert [False, True] == sorted([first.json()["is_repeat"], second.json()["is_repeat"]])
    (product,) = await stored(api)

    again = await tell(api, cms, changed())
    assert ("changed", True) == (again.json()["result"], again.json()["is_repeat"])
    body = body_of(changed())
    repeats = [(await cms.post(URL, content=body, headers=plain(body))).json()["is_repeat"] for _ in range(2)]
    assert [False, True] == repeats  # of the workspace of that secret
    told = problem(await tell(api, cms, changed(product={"title": "Another"})), 422)
    assert ["webhook-id"] == [each["field"] for each in told["errors"]]
    assert [product] == await stored(api)


async def test_without_secrets_nobody_is_believed(workerless: Service) -> None:
    """An installation that has set none takes no event."""
    async with served(workerless) as api, visitor(base_url=api.url) as cms:
        problem(await tell(api, cms, changed()), 401)
