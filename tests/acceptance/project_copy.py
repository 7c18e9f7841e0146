"""A copy of the project, into which a test puts files."""

import shutil
from pathlib import Path

PROJECT = Path(__file__).parents[2]

# What runs and is tested: every room with its link, the package and the tests.
COPIED = (
    *(link.name for link in (PROJECT / "mainspring").iterdir() if link.is_symlink()),
    "mainspring", "tests", "pyproject.toml",
)  # fmt: skip


def copied_project(folder: Path) -> Path:
    """Copy the project into a new folder below `folder`, and return the copy."""
    copy = folder / "project"
    copy.mkdir()
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            # With its byte code, which is good for the copy: times of files are copied, too.
            shutil.copytree(source, copy / name, symlinks=True)
        else:
            shutil.copy(source, copy)
    return copy
