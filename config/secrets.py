"""The key that secrets in the database are encrypted with, when the settings do not give one."""

import base64
import os
import secrets
import tempfile
from pathlib import Path

from mainspring.config.sections.values import ENCRYPTION_KEY_BYTES
from mainspring.config.settings import Settings
from mainspring.gateways.private_files import make_private

KEY_FILE = "encryption.key"


def encryption_key(settings: Settings) -> bytes:
    """Return the 32 bytes of the configured key, or of the one kept in the state directory.

    The kept key is made on first use, readable by its owner only. Of two processes that make it at once,
    one wins and both return the same key.
    """
    if settings.encryption_key is not None:
        return base64.b64decode(settings.encryption_key.get_secret_value())
    path = settings.state_dir / KEY_FILE
    if not path.exists():
        _publish(path, base64.b64encode(secrets.token_bytes(ENCRYPTION_KEY_BYTES)))
    return base64.b64decode(path.read_bytes())


def _publish(path: Path, content: bytes) -> None:
    make_private(path.parent)
    # Written whole under another name first, then linked: link fails where a rename would overwrite, and
    # nobody ever reads half a key. mkstemp makes files of mode 0600.
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=KEY_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        Path(draft).unlink()
