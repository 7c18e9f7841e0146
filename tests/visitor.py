"""A client for what a test serves on loopback."""

from typing import Any

import httpx

from mainspring.gateways.certificates import trusted
from mainspring.testing.eventually import PATIENCE_SECONDS


def visitor(**options: Any) -> httpx.AsyncClient:
    """Give a client that reads no environment, and waits for as long as a busy machine needs.

    A client of httpx loads all certificates, which takes longer than most tests: these share them. `options`
    are httpx's own.
    """
    timeout = options.pop("timeout", PATIENCE_SECONDS)
    return httpx.AsyncClient(verify=trusted(), trust_env=False, timeout=timeout, **options)
