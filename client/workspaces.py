"""Names of workspaces, as callers give them."""

from mainspring.client.errors import BadInput
from mainspring.client.validation import shown
from mainspring.contracts.workspaces import check_workspace


def checked_workspace(name: str, field: str = "workspace") -> str:
    """Return the name; `field` is what the caller calls it.

    Raises BadInput: when no workspace can have the name.
    """
    try:
        return check_workspace(name)
    except ValueError as error:
        raise BadInput(f"{field}: {shown(name)} is not accepted: {error}") from None
