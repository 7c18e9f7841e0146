"""Workspaces: whose a row is. Two workspaces never see each other's rows."""

# Whose everything is where nobody says otherwise.
DEFAULT_WORKSPACE = "default"

LONGEST_WORKSPACE = 200
