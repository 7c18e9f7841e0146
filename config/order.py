"""What another process of this program needs to work as this one does."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

import structlog
from temporalio.client import Client
from temporalio.service import ConnectConfig, ServiceClient

from mainspring.config.settings import Settings
from mainspring.gateways.temporal.converter import data_converter

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(seconds=1)


@dataclass(frozen=True)
class Order:
    """What another process needs to work as this one does."""

    settings: Settings
    temporal: ConnectConfig
    namespace: str

    @classmethod
    def of(cls, settings: Settings, client: Client) -> Self:
        """Return what leads to the same database, gateways and Temporal."""
        return cls(settings, replace(client.service_client.config, runtime=None), client.namespace)

    async def client(self, *, lazy: bool) -> Client:
        """Return a client of the same Temporal; a lazy one connects at its first call.

        The other one is waited for: Temporal was there a moment ago.
        """
        while True:
            try:
                service = await ServiceClient.connect(replace(self.temporal, lazy=lazy))
            except RuntimeError as error:  # what the SDK raises for any failure to connect
                log.warning("Temporal does not answer yet", error=str(error))
                await asyncio.sleep(AGAIN_AFTER.total_seconds())
            else:
                return Client(service, namespace=self.namespace, data_converter=data_converter)
