"""Workspaces: whose a row is. Two workspaces never see each other's rows."""

# Whose everything is where nobody says otherwise.
DEFAULT_WORKSPACE = "default"

LONGEST_WORKSPACE = 200


def check_workspace(name: str) -> str:
    """Return the name of a workspace.

    Raises ValueError: when no workspace can have the name; the message says which names are accepted.
    """
    # Two names that look alike would be two customers.
    if not 1 <= len(name) <= LONGEST_WORKSPACE or not name.isprintable() or name != name.strip():
        raise ValueError(f"1 to {LONGEST_WORKSPACE} printable characters, without blanks at the ends")
    return name
