"""The webhooks that subscribers are told by."""

from pydantic import BaseModel


class WebhooksSettings(BaseModel):
    """Where webhooks may go."""

    webhooks_allow_private: bool = False
