"""Choosing the loopback addresses of Temporal."""

import random
import socket
from contextlib import ExitStack, suppress
from ipaddress import IPv4Address
from typing import NamedTuple

from mainspring.devserver.errors import PortTaken

HOST = "127.0.0.1"

# No browser connects to these ports, whatever page asks and by whatever name: Fetch standard, "port blocking"
# (read 2026-11-29). Left out are those below 1024, which only root may open, and those of NFS and X11.
CLOSED_TO_BROWSERS = (
    *(1719, 1720, 1723, 3659, 4045, 4190, 5060, 5061, 6566),
    *(6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
)
# On Linux all of 127.0.0.0/8 is this machine, so that the few ports do for any number of servers.
LOOPBACK_ADDRESSES = 2**24


class InnerAddresses(NamedTuple):
    """Where the server's UI, HTTP API and metrics listen, for us alone; a port of 0 is any free one."""

    ui_host: str
    ui_port: int
    http_port: int
    metrics_port: int


def choose_port(wanted: int, variable: str) -> int:
    """Return the port, a free one for 0; raise PortTaken for one that is in use."""
    with ExitStack() as stack:
        try:
            return _bind(stack, HOST, wanted)
        except OSError:
            raise PortTaken(wanted, variable) from None


def choose_inner() -> InnerAddresses:
    """Return free addresses that no page can reach; raises PortTaken where none is left for the UI.

    With none left for the HTTP API and the metrics they take any port: the HTTP API is closed by its
    configuration as well, and metrics tell counts.
    """
    with ExitStack() as stack:
        address = IPv4Address("127.0.0.0") + random.randrange(2, LOOPBACK_ADDRESSES - 2)  # noqa: S311  # no secret
        ui = _closed(stack, str(address)) or _closed(stack, HOST)
        if ui is None:
            raise PortTaken(CLOSED_TO_BROWSERS[0], "MAINSPRING_UI_PORT")
        http = _closed(stack, HOST)
        metrics = _closed(stack, HOST)
    return InnerAddresses(*ui, http[1] if http else 0, metrics[1] if metrics else 0)


def _closed(stack: ExitStack, host: str) -> tuple[str, int] | None:
    # In any order, so that servers that start at once seldom choose the same.
    for port in random.sample(CLOSED_TO_BROWSERS, len(CLOSED_TO_BROWSERS)):
        with suppress(OSError):
            return host, _bind(stack, host, port)
    return None


def _bind(stack: ExitStack, host: str, port: int) -> int:
    # It is held until all are chosen, so no two are given the same.
    probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    # As the server itself does: connections of a former server that linger do not make its port taken.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind((host, port))
    probe.listen()
    chosen: int = probe.getsockname()[1]
    return chosen
