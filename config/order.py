"""What another process of this program needs to work as this one does."""

from dataclasses import dataclass, replace
from typing import Self

from temporalio.client import Client
from temporalio.service import ConnectConfig, ServiceClient

from mainspring.config.settings import Settings
from mainspring.gateways.temporal.converter import data_converter


@dataclass(frozen=True)
class Order:
    """What another process needs to work as this one does."""

    settings: Settings
    temporal: ConnectConfig
    namespace: str

    @classmethod
    def of(cls, settings: Settings, client: Client) -> Self:
        """Return what leads to the same database, gateways and Temporal."""
        temporal = replace(client.service_client.config, runtime=None, lazy=True)
        return cls(settings, temporal, client.namespace)

    async def client(self) -> Client:
        """Return a client of the same Temporal, which connects at its first call."""
        service = await ServiceClient.connect(self.temporal)
        return Client(service, namespace=self.namespace, data_converter=data_converter)
