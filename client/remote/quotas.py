"""Quotas over HTTP."""

from mainspring.client.quotas import QuotaUse
from mainspring.client.remote.calls import Calls


class RemoteQuotas:
    """As `client.quotas.Quotas`, over HTTP."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def all(self, *, after: str = "", limit: int = 50) -> list[QuotaUse]:
        """Return a page of quotas, in the order of their holders; `after` is the last holder above."""
        found = await self._calls.page("/v1/quotas", limit=limit, after=after or None)
        return [QuotaUse.restore(each) for each in found]
