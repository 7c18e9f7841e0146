"""Folders and files of our own, which other users of the machine may not read."""

import os
import stat
from contextlib import suppress
from pathlib import Path

# What processes of ours keep from the modes of new files: everything for others than the owner.
UMASK = 0o077
FILE_MODE = 0o600
FOLDER_MODE = 0o700
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private(folder: Path) -> None:
    """Make a folder for us alone, and take from others what they may do with a folder that is there.

    The folder's own files are looked at each time. A folder within that is private is not looked into again:
    only its owner can have put anything there. A folder that is shared on purpose is left as it is: a sticky
    one such as /tmp, the working directory, and the folders above.

    Raises OSError: when there can be no such folder.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    is_sticky = folder.stat().st_mode & stat.S_ISVTX
    if not is_sticky and not Path.cwd().is_relative_to(folder.resolve()):
        _take_from_others(folder)


def _take_from_others(folder: Path) -> None:
    # What belongs to somebody else, as a container's volume may, is not ours to change, nor is what is on a
    # file system that is read only.
    with suppress(OSError):
        folder.chmod(folder.stat().st_mode & ~OTHERS)
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink() or not entry.stat().st_mode & OTHERS:
                continue
            if entry.is_dir():
                _take_from_others(Path(entry.path))
            else:
                with suppress(OSError):
                    Path(entry.path).chmod(entry.stat().st_mode & ~OTHERS)
