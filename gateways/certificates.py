"""The certificates that this machine trusts, loaded once for a process."""

import ssl
from functools import cache


@cache
def trusted() -> ssl.SSLContext:
    """Return what outgoing HTTPS connections verify with; loading it takes tens of milliseconds."""
    import httpx  # noqa: PLC0415  # a command that only reads the settings comes by here, too

    return httpx.create_ssl_context()


@cache
def trusted_by_the_system() -> ssl.SSLContext:
    """Return what connections to mail servers verify with: as `trusted`, by the system's own certificates."""
    return ssl.create_default_context()
