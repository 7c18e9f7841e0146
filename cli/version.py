"""Which release this is."""

import sys
from importlib.metadata import version


def show_version() -> None:
    """Print the program's name and its version."""
    sys.stdout.write(f"mainspring {version('mainspring')}\n")
