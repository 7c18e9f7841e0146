"""Pushes to devices."""

from pathlib import Path

from pydantic import BaseModel, Field

from mainspring.config.sections.values import WebUrl


class PushSettings(BaseModel):
    """With which service account pushes are sent, where to, and how many at once."""

    push_service_account: Path | None = None
    push_url: WebUrl = "https://fcm.googleapis.com"
    push_connections: int = Field(default=20, ge=1)
