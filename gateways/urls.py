"""URLs that people give: what a request can be sent to, or why it cannot."""

from mainspring.contracts.retry import Retry
from mainspring.gateways.errors import Refused
from mainspring.gateways.lookups import SERVICE

LAST_PORT = 65_535


class AddressRefused(Refused):
    """The address is not a public one."""

    retry = Retry.NEVER


class UrlRefused(AddressRefused):
    """Nothing can be sent to the URL."""


def host_of(url: str) -> str:
    """Return the host of a URL, as it is looked up. Raises UrlRefused: when no request can be sent there."""
    import httpx  # noqa: PLC0415  # every command reads the settings, and few have a URL in them

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
