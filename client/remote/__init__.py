"""The service from elsewhere: what `open_service` gives, over HTTP and without access to the database.

- `service.py` has `connect`; a module beside it for each part of what that gives
- `calls.py` makes the calls, and turns problems into the errors that the same call raises beside the database
- `client/interface.py` is what both ways have in common
"""

from mainspring.client.remote.service import RemoteService, connect

__all__ = ["RemoteService", "connect"]
