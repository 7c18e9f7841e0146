"""URLs that people give: what a request can be sent to, or why it cannot."""

import httpx

from mainspring.gateways.addresses import LAST_PORT, AddressRefused
from mainspring.gateways.lookups import SERVICE


class UrlRefused(AddressRefused):
    """Nothing can be sent to the URL."""


def host_of(url: str) -> str:
    """Return the host of a URL, as it is looked up. Raises UrlRefused: when no request can be sent there."""
    try:
        parsed = httpx.URL(url)
        is_whole = parsed.scheme in {"http", "https"} and bool(parsed.host)
    except (httpx.InvalidURL, ValueError) as error:
        raise UrlRefused(str(error), service=SERVICE) from None
    if not is_whole:
        raise UrlRefused("no host, or neither http nor https", service=SERVICE)
    if parsed.port is not None and not 0 < parsed.port <= LAST_PORT:
        raise UrlRefused(f"there is no port {parsed.port}", service=SERVICE)
    return parsed.raw_host.decode("ascii").strip("[]")
