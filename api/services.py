"""The service of each workspace, made when its first call comes."""

from collections import OrderedDict

from mainspring.client.service import Service

# A workspace that is not called for long is made again, which costs less than a query.
KEPT = 500


class Services:
    """Gives the service of a workspace; all share one database, one Temporal and one key ring."""

    def __init__(self, service: Service) -> None:
        self.first = service
        self._kept: OrderedDict[str, Service] = OrderedDict()

    def within(self, workspace: str) -> Service:
        """Return the service of a workspace.

        Raises BadInput: when no workspace can have this name.
        """
        found = self._kept.pop(workspace, None) or self.first.within(workspace)
        self._kept[workspace] = found
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found
