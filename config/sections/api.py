"""The HTTP API: where it listens, and what it takes from its callers."""

from pydantic import BaseModel, Field

from mainspring.config.sections.values import Networks, Origins, Port, WebUrl


class ApiSettings(BaseModel):
    """What bounds the calls. Sizes are in bytes."""

    api_host: str = Field(default="127.0.0.1", min_length=1)
    api_port: Port = 8234
    # Where browsers and receivers reach the API, if not at its own address.
    api_public_url: WebUrl | None = None
    # Whose X-Forwarded-For is believed: addresses or networks, separated by commas.
    api_trusted_proxies: Networks = ()
    # Origins of pages that may call the API, separated by commas.
    api_cors_origins: Origins = ()

    api_max_body: int = Field(default=1_000_000, ge=1_000)
    # So many calls of one key in a minute, counted in each process of the API.
    api_calls_a_minute: int = Field(default=6_000, ge=1)
    # Tasks of a workspace that have not ended; no further one is accepted from outside.
    api_active_tasks: int = Field(default=100_000, ge=1)
    # Open streams of events in one process, and of one key.
    api_streams: int = Field(default=1_000, ge=1, le=10_000)
    api_streams_of_a_key: int = Field(default=250, ge=1)
