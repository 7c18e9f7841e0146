"""Which requests a browser may send to Temporal's Web UI: those of the UI's own pages only.

The UI asks for no password. A page of a foreign site must not send requests to the UI: the page could not
read the answers, but a request may start a workflow. Nor may a page call the UI by a name of its own (DNS
rebinding), by which the page could read the answers, too.
"""

import re
from collections.abc import Mapping

THIS_MACHINE = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
# What browsers say of a request of a page to its own site, and of an address that a person has opened.
OWN_FETCH_SITES = ("same-origin", "none")


def refusal(headers: Mapping[str, str]) -> str | None:
    """Return why a request with these headers (names in lower case) is refused, None for one to let through.

    A browser sends `Host` always, `Origin` with a request that may change something, and `Sec-Fetch-Site`
    since 2023. A program that is no browser may leave out the last two.
    """
    host = headers.get("host", "")
    if not THIS_MACHINE.fullmatch(host):
        return f"Host {host!r} is not this machine: open the page as http://localhost or http://127.0.0.1"
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return f"a page of {origin!r} may not send requests here"
    if headers.get("sec-fetch-site", "none") not in OWN_FETCH_SITES:
        return "another page may not lead here: type the address, or paste it"
    return None
