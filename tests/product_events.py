"""Events of a CMS, and calls that tell of them, signed in both forms."""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLAIN = "a-secret-of-the-cms-1"
URL = "/v1/webhooks/payload/product-changed"


def changed(product_id: str = "p1", **more: Any) -> dict[str, Any]:
    """Return an event; `product` is laid over the product of the event."""
    product = {
        "title": "Trekking backpack",
        "slug": "trekking-backpack",
        "status": "published",
        "visibleToGifter": True,
        "isFeatured": False,
        "shortDescription": "40 litres",
        "description": "For days in the mountains.\nRain cover included.",
        "defaultPrice": 12_900,
        "defaultCurrency": "EUR",
        "giftTags": ["outdoor"],
        "occasionFit": ["birthday"],
        "styleTags": None,
        "somethingNew": {"of": "a later release"},
    }
    event = {
        "event": "product.changed",
        "payloadProductId": product_id,
        "brand": {"payloadBrandId": "b1", "name": "Northwind", "slug": None},
        "variants": [
            {
                "payloadVariantId": "v1",
                "sku": "TB-40-G",
                "optionValues": {"colour": "green"},
                "price": 12_900,
                "currency": "EUR",
                "stock": 4,
            }
        ],
        "ts": "2026-11-01T12:00:00.000Z",
    }
    return event | more | {"product": product | more.get("product", {})}


def body_of(event: Any) -> bytes:
    """Return a body as a CMS sends it."""
    return json.dumps(event).encode()


def standard(body: bytes, at: datetime, *, secret: str = SECRET, message_id: str = "msg_1") -> dict[str, str]:
    """Return the headers of Standard Webhooks."""
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": "v1,bm9uZQ== " + Webhook(secret).sign(message_id, at, body.decode()),
    }


def plain(body: bytes, *, secret: str = PLAIN) -> dict[str, str]:
    """Return the headers of the other form."""
    return {
        "Content-Type": "application/json",
        "X-Internal-Webhook-Secret": secret,
        "X-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }
