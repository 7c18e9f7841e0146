"""The environment as everything here reads it: the process's own variables over those of a `.env` file."""

import os
from pathlib import Path

from dotenv import dotenv_values

ENV_FILE = Path(".env")


def environment(env_file: Path | None = ENV_FILE) -> dict[str, str]:
    """Return every variable by name; the process's own win over the file's, and empty ones do not count."""
    from_file = dotenv_values(env_file) if env_file is not None and env_file.is_file() else {}
    merged = {**from_file, **os.environ}
    return {name: value for name, value in merged.items() if value}
