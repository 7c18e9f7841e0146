"""Who works at the command line."""

import getpass
import os


def operator_name() -> str:
    """Return the name of the user of this system, or the number of one without a name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # which of them depends on Python's version
        return f"user {os.getuid()}"
