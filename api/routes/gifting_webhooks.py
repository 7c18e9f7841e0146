"""What a CMS tells of products: signed by its secret, no key needed."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from mainspring.api.bodies import check_json
from mainspring.api.callers import services_of
from mainspring.api.problems import FieldProblem, Refused, request_id_of
from mainspring.api.services import Services
from mainspring.client.gifting.product_changes import AcceptedChange
from mainspring.config.settings import Settings
from mainspring.contracts.shop.catalogue import Storing
from mainspring.contracts.shop.product_changed import ProductChanged
from mainspring.gateways.clock import Clock
from mainspring.gateways.signed_bodies import SignatureRefused, SignedBody, verified

routes = APIRouter(prefix="/webhooks/payload", tags=["gifting"])

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "event": {"const": "product.changed"},
                        "payloadProductId": {"type": "string"},
                        "brand": {"type": ["object", "null"]},
                        "product": {"type": "object"},
                        "variants": {"type": ["array", "null"], "items": {"type": "object"}},
                        "ts": {"type": "string", "format": "date-time"},
                    },
                    "required": ["event", "payloadProductId", "product", "ts"],
                }
            }
        },
    }
}


@routes.post("/product-changed", operation_id="product_changed", openapi_extra=BODY)
async def product_changed(
    request: Request, services: Annotated[Services, Depends(services_of)]
) -> AcceptedChange:
    """Save a product that was made or changed, and have it enriched and embedded (docs/gifting.md).

    The call is signed: by Standard Webhooks, or by `X-Signature`, the HMAC-SHA256 of the body in hex.
    """
    body = await request.body()
    first = services.first
    signed = _signed(body, request, first.settings, first.clock)
    event = _event(body)
    service = services.within(signed.signer)
    accepted = await service.product_changes.accept(event, message_id=signed.message_id, body=body)
    if accepted.result is not Storing.OLDER and not accepted.is_repeat:
        await service.audit.note(
            "webhook of the CMS",
            "product_changed",
            f"product {accepted.product_id}",
            request_id=request_id_of(request),
            after={"result": accepted.result},
        )
    return accepted


def _signed(body: bytes, request: Request, settings: Settings, clock: Clock) -> SignedBody:
    try:
        return verified(body, request.headers, settings.gifting_signers, now=clock.now())
    except SignatureRefused as error:
        problem = FieldProblem(field=error.header, value=error.value, accepted=error.accepted)
        raise Refused(HTTPStatus.UNAUTHORIZED, "unauthorized", str(error), errors=[problem]) from None


def _event(body: bytes) -> ProductChanged:
    try:
        return ProductChanged.model_validate(check_json(body))
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from None
