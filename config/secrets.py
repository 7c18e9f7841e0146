"""The keys that secrets in the database are sealed with, and those that links in mails are signed with.

Each kind has a newest key, and former keys that still open and verify. A kind that the settings do not give
is kept in a file of the state directory, a key a line, the newest first.
"""

import base64
import fcntl
import hmac
import os
import secrets
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from mainspring.config.sections.values import ENCRYPTION_KEY_BYTES
from mainspring.config.settings import PREFIX, Settings
from mainspring.config.settings_errors import Problem, SettingsError
from mainspring.gateways.private_files import FILE_MODE, make_private
from mainspring.storage.secrets import SecretBox

SEALING_FILE = "encryption.key"
LINKS_FILE = "links.key"
LOCK_FILE = "keys.lock"

# What is derived with this from a key is no use for what the key itself is for.
FOR_LINKS = b"mainspring links 1"


def sealing_keys(settings: Settings) -> tuple[bytes, ...]:
    """Return the keys for secrets, the newest first.

    A kept key is made on first use, readable by its owner only. Of two processes that make it at once, one
    wins and both return the same key.
    """
    former = _decoded(settings.former_encryption_keys)
    if settings.encryption_key is not None:
        return (_decode(settings.encryption_key), *former)
    return (*_kept(settings.state_dir / SEALING_FILE), *former)


def link_keys(settings: Settings) -> tuple[bytes, ...]:
    """Return the keys for links in mails, the newest first.

    With a key for secrets in the settings and none for links, the key for links is derived from the other, so
    that all processes have the same. Links that an older release signed with the key for secrets still hold.
    """
    sealing = sealing_keys(settings)
    derived = tuple(hmac.digest(key, FOR_LINKS, "sha256") for key in sealing)
    return (*_own_link_keys(settings, derived), *derived, *sealing)


def former_keys(settings: Settings) -> tuple[int, int]:
    """Count the former keys for secrets, and those for links that are not keys for secrets as well."""
    return len(sealing_keys(settings)) - 1, len(_own_link_keys(settings, (b"",))) - 1


def _own_link_keys(settings: Settings, derived: tuple[bytes, ...]) -> tuple[bytes, ...]:
    former = _decoded(settings.former_link_keys)
    if settings.link_key is not None:
        return (_decode(settings.link_key), *former)
    if settings.encryption_key is not None:
        return (derived[0], *former)
    return (*_kept(settings.state_dir / LINKS_FILE), *former)


def has_sealing_key(settings: Settings) -> bool:
    """Whether there is a key for secrets, without making one."""
    return settings.encryption_key is not None or (settings.state_dir / SEALING_FILE).exists()


def check_sealing_key(settings: Settings) -> None:
    """Refuse to go on where a key for secrets would be a new one.

    Raises SettingsError: when no key is there.
    """
    if not has_sealing_key(settings):
        problem = (
            f"it has to be that of the worker, and no key is kept at {settings.state_dir / SEALING_FILE}: "
            f"set it, or {PREFIX}STATE_DIR to the worker's state directory"
        )
        raise SettingsError([Problem(f"{PREFIX}ENCRYPTION_KEY", None, problem)])


def encryption_key(settings: Settings) -> bytes:
    """Return the newest key for secrets."""
    return sealing_keys(settings)[0]


def secret_box(settings: Settings) -> SecretBox:
    """Return what seals and opens secrets; a key that another process has made is found when it is needed."""
    return SecretBox(*sealing_keys(settings), reload=lambda: sealing_keys(settings))


def add_kept_key(state_dir: Path, name: str) -> None:
    """Make a new key the newest of a file's; those that are there become former keys."""
    with _locked(state_dir):
        _replace(state_dir / name, (_new_key(), *_kept(state_dir / name)))


def forget_kept_keys(state_dir: Path, name: str, former: Collection[bytes]) -> int:
    """Drop former keys from a file; return how many are gone. The newest key stays."""
    with _locked(state_dir):
        newest, *others = _kept(state_dir / name)
        left = [key for key in others if key not in former]
        _replace(state_dir / name, (newest, *left))
    return len(others) - len(left)


def kept_keys(state_dir: Path, name: str) -> tuple[bytes, ...]:
    """Return the keys of a file, the newest first; the first one is made if none is there."""
    return _kept(state_dir / name)


def _kept(path: Path) -> tuple[bytes, ...]:
    if not path.exists():
        draft = _draft(path, (_new_key(),))
        try:
            # A link fails where a rename would overwrite.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return tuple(base64.b64decode(line) for line in path.read_bytes().split())


def _replace(path: Path, keys: tuple[bytes, ...]) -> None:
    _draft(path, keys).replace(path)


def _draft(path: Path, keys: tuple[bytes, ...]) -> Path:
    """Write keys whole under another name, so that nobody ever reads half a key; mkstemp's mode is 0600."""
    make_private(path.parent)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    return Path(draft)


@contextmanager
def _locked(state_dir: Path) -> Iterator[None]:
    # Two who rotate at once would each forget the other's key.
    lock = os.open(state_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _new_key() -> bytes:
    return secrets.token_bytes(ENCRYPTION_KEY_BYTES)


def _decode(key: SecretStr) -> bytes:
    return base64.b64decode(key.get_secret_value())


def _decoded(keys: tuple[SecretStr, ...]) -> tuple[bytes, ...]:
    return tuple(_decode(key) for key in keys)
