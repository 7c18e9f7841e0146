"""URLs whose secrets are sealed within the URL, so that the URL goes everywhere as it is."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from mainspring.contracts.secret_urls import SEALED, TAG_LENGTH, is_sealed, split_secrets
from mainspring.storage.errors import SecretUnreadable
from mainspring.storage.secrets import SecretBox


def seal_url(url: str, box: SecretBox) -> str:
    """Return a URL with its password and query sealed; as it is if it has none, or is sealed already.

    What is sealed can be opened for the same host and path only, so that nobody gets another's secrets sent
    to a host of their own. The same URL is sealed alike. Its tag is the beginning of what is sealed first.
    """
    found = None if is_sealed(url) else split_secrets(url)
    if found is None:
        return url
    shown, secrets = found
    sealed = _sealed(shown, secrets, box)
    return f"{shown}?{SEALED}={sealed[:TAG_LENGTH]}.{sealed}"


def reseal_url(url: str, box: SecretBox) -> str:
    """Return a sealed URL sealed with the newest key; its tag stays. SecretUnreadable as `open_url`."""
    shown, tag, sealed = _parts(url)
    return f"{shown}?{SEALED}={tag}.{_sealed(shown, json.loads(box.open(sealed, owner=shown)), box)}"


def open_url(url: str, box: SecretBox) -> str:
    """Return a URL as it was before `seal_url`. SecretUnreadable: another key, or the URL was changed."""
    if not is_sealed(url):
        return url
    shown, _, sealed = _parts(url)
    secrets, query = json.loads(box.open(sealed, owner=shown))
    scheme, _, rest = shown.partition("://")
    return f"{scheme}://{secrets + '@' if secrets else ''}{rest}{'?' + query if query else ''}"


def is_newest_url(url: str, box: SecretBox) -> bool:
    """Whether the newest key has sealed a sealed URL; SecretUnreadable as `open_url`."""
    shown, _, sealed = _parts(url)
    return box.is_newest(sealed, owner=shown)


def _sealed(shown: str, secrets: list[str], box: SecretBox) -> str:
    return urlsafe_b64encode(box.seal(json.dumps(secrets), owner=shown)).rstrip(b"=").decode()


def _parts(url: str) -> tuple[str, str, bytes]:
    shown, _, parameter = url.partition(f"?{SEALED}=")
    sealed = parameter.rpartition(".")[2]
    try:
        return shown, parameter[:TAG_LENGTH], urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    except ValueError:
        raise SecretUnreadable(shown) from None
